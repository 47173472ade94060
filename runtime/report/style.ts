/** How a report looks, in light and dark. Charts take their colours from the same variables. */
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
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 32px 28px 64px; }
h1 { margin: 0; font-size: 30px; letter-spacing: -0.02em; }
h2 { margin: 0 0 2px; font-size: 16px; }
h3 { margin: 0 0 4px; font-size: 13px; font-weight: 600; color: var(--quiet); }
p { margin: 0 0 12px; color: var(--quiet); font-size: 13px; max-width: 90ch; }
.lead { margin: 2px 0 22px; font-size: 15px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px; margin-bottom: 14px; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
.tile { padding: 14px 18px; }
.tile b { display: block; font-size: 25px; font-weight: 650; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.tile span { color: var(--quiet); font-size: 13px; }
.tile.main b { color: var(--accent); }
.grid { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 14px; }
section { grid-column: span 12; padding: 18px 20px; min-width: 0; }
section.half { grid-column: span 6; }
@media (max-width: 860px) { section.half { grid-column: span 12; } main { padding: 20px 14px 40px; } }
.layers { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 16px; }
.layers > div { min-width: 0; }
.u-legend { font-size: 12px; color: var(--quiet); line-height: 1.3; }
.u-legend th { font-weight: 500; }
.u-legend .u-value { color: var(--ink); font-variant-numeric: tabular-nums; }
.u-legend .u-marker { width: 16px; height: 0; border-width: 2px 0 0 !important; margin-right: 6px; }
.u-select { background: var(--shade); }
.wide { overflow-x: auto; }
.diagram { display: block; max-width: 100%; height: auto; margin: 0 auto; }
.diagram .arrow { fill: none; stroke-width: 2; }
.diagram .arrow:hover { stroke-width: 4; }
.diagram .node rect { fill: var(--card); stroke: var(--ink); stroke-width: 1.5; }
.diagram .node.outside rect { fill: var(--ground); stroke: var(--quiet); stroke-dasharray: 4 3; }
.diagram text { text-anchor: middle; fill: var(--ink); font-size: 16px; font-weight: 600; }
.diagram text.size { fill: var(--quiet); font-size: 12px; font-weight: 400; }
.legend { display: flex; flex-wrap: wrap; gap: 6px 18px; justify-content: center; list-style: none; margin: 10px 0 0; padding: 0; font-size: 13px; color: var(--quiet); }
.legend i { display: inline-block; width: 16px; height: 3px; border-radius: 2px; margin-right: 7px; vertical-align: middle; }
.confusion { border-collapse: separate; border-spacing: 2px; width: 100%; font-size: 12.5px; font-variant-numeric: tabular-nums; table-layout: fixed; }
.confusion th { font-weight: 600; color: var(--quiet); padding: 3px; }
.confusion td { text-align: center; padding: 8px 2px; border-radius: 5px; }
.confusion .zero { color: transparent; background: var(--ground); }
.confusion .share { color: var(--quiet); background: none; white-space: nowrap; text-align: right; }
.confusion th:first-child { width: 26px; }
.confusion th:last-child { width: 56px; text-align: right; }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(76px, 1fr)); gap: 12px 10px; }
.samples figure { margin: 0; text-align: center; font-size: 12px; color: var(--quiet); }
.samples img { width: 100%; border-radius: 8px; image-rendering: pixelated; background: #000; display: block; margin-bottom: 3px; }
.samples b { color: var(--negative); }
.sheet { width: 100%; max-width: 960px; display: block; margin: 6px auto 14px; image-rendering: pixelated; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 22px; margin: 8px 0 16px; font-size: 14px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 8px 0 0; padding: 14px 16px; background: var(--ground); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; font: 12.5px/1.55 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
summary { cursor: pointer; color: var(--quiet); font-size: 14px; margin-top: 14px; }
footer { margin-top: 22px; text-align: center; color: var(--quiet); font-size: 12.5px; }
`;
