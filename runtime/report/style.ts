/** The style of a report, light and dark. Charts use the same variables. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --ink: #16191f; --quiet: #667085; --line: #e3e6eb; --grid: #eceef2;
  --positive: #2563eb; --negative: #e1572a; --shade: #2563eb12; --band: #94a3b826; --accent: #2563eb;
  --layer-0: #2563eb; --layer-1: #e1572a; --layer-2: #14936a; --layer-3: #a445c4;
  --layer-4: #b98900; --layer-5: #0d94a8; --layer-6: #d0337a; --layer-7: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1217; --card: #181c23; --ink: #e7eaf0; --quiet: #97a1b3; --line: #2a303a; --grid: #262c36;
    --positive: #6ea0ff; --negative: #ff8a5c; --shade: #6ea0ff1c; --band: #94a3b81f; --accent: #6ea0ff;
    --layer-0: #6ea0ff; --layer-1: #ff8a5c; --layer-2: #3fcf9b; --layer-3: #cf86ea;
    --layer-4: #e6b93c; --layer-5: #45c5d8; --layer-6: #f576ab; --layer-7: #9aa3b2;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
    font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 28px 64px; }
h1 { margin: 0; font-size: 30px; letter-spacing: -0.02em; }
h2 { margin: 0 0 2px; font-size: 16px; }
h3 { margin: 0 0 4px; font-size: 13px; font-weight: 600; color: var(--quiet); }
p { margin: 0 0 12px; color: var(--quiet); font-size: 13px; max-width: 90ch; }
h1, h2, h3, p, li, .tile span, figcaption { overflow-wrap: anywhere; }
.lead { margin: 2px 0 22px; font-size: 15px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px; margin-bottom: 14px; }
@media (min-width: 1100px) { .tiles { grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); } }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.tile { padding: 14px 18px; }
.tile b { display: block; font-size: 25px; white-space: nowrap; font-weight: 650; letter-spacing: -0.02em;
    font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: 13px; }
.tile.main b { color: var(--accent); }
.grid { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 14px; }
section { grid-column: span 12; padding: 18px 20px; min-width: 0; }
section.half { grid-column: span 6; }
.charts { display: grid; grid-template-columns: minmax(0, 1fr); gap: 16px; }
.charts > div { min-width: 0; }
@media (min-width: 700px) { .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (min-width: 1000px) { .charts.three { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
@media (max-width: 860px) { section.half { grid-column: span 12; } main { padding: 20px 14px 40px; } }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.u-legend { font-size: 12px; color: var(--quiet); line-height: 1.3; }
.u-legend th { font-weight: 500; }
.u-legend .u-value { color: var(--ink); font-variant-numeric: tabular-nums; }
.u-legend .u-marker { width: 16px; height: 0; border-width: 2px 0 0 !important; margin-right: 6px; }
.u-select { background: var(--shade); }
.wide { overflow-x: auto; }
.diagram { display: block; max-width: max(100%, 600px); height: auto; margin: 0 auto; }
.diagram .arrow { fill: none; stroke-width: 2; }
.diagram .arrow:hover { stroke-width: 4; }
.diagram .node rect { fill: var(--card); stroke: var(--ink); stroke-width: 1.5; }
.diagram .node.outside rect { fill: var(--ground); stroke: var(--quiet); stroke-dasharray: 4 3; }
.diagram text { text-anchor: middle; fill: var(--ink); font-size: 16px; font-weight: 600; }
.diagram text.size { fill: var(--quiet); font-size: 12px; font-weight: 400; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; justify-content: center; list-style: none; margin: 10px 0 0;
    padding: 0; font-size: 13px; color: var(--quiet); }
.legend i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 7px;
    vertical-align: middle; }
.confusion { border-collapse: separate; border-spacing: 2px; width: 100%; font-size: 12.5px;
    font-variant-numeric: tabular-nums; white-space: nowrap; }
.confusion th { font-weight: 600; color: var(--quiet); padding: 3px; }
.confusion th[scope=row] { position: sticky; left: 0; background: var(--card); }
.confusion td { text-align: center; padding: 8px 2px; border-radius: 5px; min-width: calc(var(--digits) * 1ch + 4px); }
.confusion .zero { color: transparent; background: var(--ground); }
.confusion .share { color: var(--quiet); background: none; text-align: right; padding-left: 8px; }
.confusion thead th:last-child { text-align: right; padding-left: 8px; }
.readings { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
.readings caption { text-align: left; font-size: 12.5px; color: var(--quiet); }
.readings th { text-align: left; font-weight: 400; color: var(--quiet); padding: 3px 22px 3px 0; }
.readings td { text-align: right; }
.readings i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 7px;
    vertical-align: middle; }
.missing { margin: 8px 0 0; padding-left: 20px; font-size: 14px; color: var(--quiet); }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 12px 10px; }
.samples figure { margin: 0; text-align: center; font-size: 12px; color: var(--quiet); }
.samples img { width: 100%; border-radius: 8px; image-rendering: pixelated; background: #000; display: block;
    margin-bottom: 3px; }
.samples b { color: var(--negative); }
.samples small { display: block; font-size: 11px; font-variant-numeric: tabular-nums; }
.sheet { width: 100%; max-width: 960px; display: block; margin: 6px auto 14px; image-rendering: pixelated; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 22px; margin: 8px 0 16px;
    font-size: 14px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 8px 0 0; padding: 14px 16px; background: var(--ground); border: 1px solid var(--line);
    border-radius: 10px; overflow-x: auto; font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
#command { white-space: pre-wrap; overflow-wrap: anywhere; }
#command span { display: inline-block; max-width: 100%; }
summary { cursor: pointer; color: var(--quiet); font-size: 14px; margin-top: 14px; }
table.sortable { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
.sortable th, .sortable td { text-align: right; white-space: nowrap; padding: 6px 12px;
    border-bottom: 1px solid var(--line); }
.sortable th:last-child, .sortable td:last-child { text-align: left; white-space: normal; overflow-wrap: anywhere;
    min-width: 14ch; }
.sortable button { font: inherit; font-weight: 600; color: var(--quiet); background: none; border: 0; padding: 0;
    cursor: pointer; white-space: nowrap; }
.sortable th[aria-sort=ascending] button::after { content: " ▲"; }
.sortable th[aria-sort=descending] button::after { content: " ▼"; }
.sortable .best td { font-weight: 600; color: var(--accent); }
a { color: var(--accent); }
.scatter { display: block; width: 100%; height: auto; max-width: 560px; margin: 0 auto; }
.scatter text { fill: var(--quiet); font-size: 12px; }
.scatter line { stroke: var(--grid); }
.scatter circle { fill: var(--quiet); fill-opacity: .55; }
.scatter circle.best { fill: var(--accent); fill-opacity: 1; }
footer { margin-top: 22px; text-align: center; color: var(--quiet); font-size: 12.5px; }
@media (max-width: 480px) {
  main { padding: 16px 8px 32px; }
  section { padding: 14px 12px; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 8px; }
  .tile { padding: 10px 12px; }
  .tile b { font-size: 21px; }
  .grid { gap: 10px; }
  .confusion { font-size: 11px; border-spacing: 1px; }
  .confusion td { padding: 6px 0; min-width: calc(var(--digits) * 1ch + 2px); }
  .confusion .share, .confusion thead th:last-child { padding-left: 4px; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 8px; }
}
`;
