/** What a backend can complain of, by code. */
export const engineCodes: Readonly<Record<string, { readonly title: string; readonly explanation: string }>> =
  {
    RFF801: {
      title: 'no such tensor',
      explanation: 'A tensor was asked for that the compiled network does not have.',
    },
    RFF802: {
      title: 'wrong tensor length',
      explanation: 'A tensor was given more or fewer numbers than its shape holds.',
    },
    RFF810: {
      title: 'no such backend',
      explanation: '`rffc backends` lists the names that `--backend` takes.',
    },
    RFF811: {
      title: 'a package is missing',
      explanation:
        'The backend needs an optional package that is not installed, or that did not load on this system.',
    },
    RFF812: {
      title: 'no WebGPU adapter',
      explanation:
        'WebGPU needs a graphics driver: Vulkan on Linux, Metal on macOS, Direct3D 12 or Vulkan on Windows.',
    },
    RFF813: {
      title: 'a backend did not start',
      explanation: 'The backend was found and failed to start; its own words follow.',
    },
  };
