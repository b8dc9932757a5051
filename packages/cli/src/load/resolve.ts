/**
 * Which file a module means, asked of Node's own resolver on behalf of a child that may not look at the disk; and
 * what kind of module a file is. It reads `package.json` files and nothing else, and runs no code of theirs.
 */
import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON, registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import type { Manner } from './message.ts'

/** The URL that `specifier` means in the module `importer`. Throws what Node throws. */
export function resolveFor(specifier: string, importer: string, manner: Manner): string {
  if (manner === 'require') {
    const path = createRequire(importer).resolve(specifier)
    return path.startsWith('node:') || !path.startsWith('/') ? path : pathToFileURL(path).href
  }
  let found: string | undefined
  let fault: unknown
  // `import.meta.resolve` resolves for this file only; a hook may resolve for another.
  const hooks = registerHooks({
    resolve(_, context, nextResolve) {
      try {
        found = nextResolve(specifier, { ...context, parentURL: importer }).url
      } catch (error) {
        fault = error
      }
      return { url: 'node:fs', shortCircuit: true }
    },
  })
  try {
    // Node remembers answers; nobody has asked this before.
    import.meta.resolve(`thingwall-question:${performance.now()}:${Math.random()}`)
  } finally {
    hooks.deregister()
  }
  if (found === undefined) throw fault
  return found
}

/** How Node names the kind of module in a file; null for what is no module. */
export function formatOf(path: string, body: Buffer, manner: Manner): string | null {
  switch (/\.[cm]?(?:js|ts)$|\.json$/.exec(path)?.[0]) {
    case '.ts':
    case '.mts':
      return 'module-typescript'
    case '.cts':
      return 'commonjs-typescript'
    case '.mjs':
      return 'module'
    case '.cjs':
      return 'commonjs'
    case '.json':
      return 'json'
    case '.js': {
      const type = typeOfPackage(path)
      if (type !== null) return type
      // As Node does without a type: what can only be a module is one.
      return manner === 'import' && /^\s*(?:import|export)\b/m.test(body.toString('utf8'))
        ? 'module'
        : 'commonjs'
    }
    default:
      return null
  }
}

function typeOfPackage(path: string): 'module' | 'commonjs' | null {
  const manifest = findPackageJSON(pathToFileURL(path))
  if (manifest === undefined) return null
  const { type } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly type?: unknown }
  return type === 'module' || type === 'commonjs' ? type : null
}
