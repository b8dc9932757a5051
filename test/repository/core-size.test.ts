/**
 * What the application firewall weighs in a bundle, minified and gzipped, as a Worker or a page would load it: its core, which
 * reads requests and finds what is in them, and all that the index exports, declarations and adapters included. It is
 * bundled from the sources, so it needs no build, and with rolldown, which is what Vite bundles with: most pages and Workers
 * that load it are made that way. Other minifiers come to about two per cent more.
 */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

const core = `
export { detectors } from './detect/all.ts'
export { fixationOf } from './detect/fixation.ts'
export { judgeWith } from './judge/judge.ts'
export { decodeEncoding } from './request/encoding.ts'
export { readRequest } from './request/fields.ts'
export { flowOn, hold } from './request/flow.ts'
`

/** In bytes. Raise one only in the commit that says why. */
test.each([
  ['the core', core, 60_000],
  ['all of it', "export * from './index.ts'", 90_000],
])('%s of @thingwall/waf stays small and needs nothing', async (_, contents, ceiling) => {
  const entry = join(root, 'packages/waf/src/bundled.ts')
  await using bundle = await rolldown({
    input: entry,
    // There is no such file: its text is what stands above.
    plugins: [
      {
        name: 'entry',
        load: (id) => (id === entry ? contents : null),
        resolveId: (id) => (id === entry ? id : null),
      },
    ],
    resolve: { conditionNames: ['thingwall-source'] },
    platform: 'neutral',
  })
  const { output } = await bundle.generate({ format: 'esm', minify: true })
  expect(output.length).toBe(1)
  const [{ code, imports, dynamicImports }] = output
  const size = gzipSync(code, { level: 9 }).length
  expect(size).toBeGreaterThan(10_000)
  expect(size).toBeLessThanOrEqual(ceiling)
  expect([...imports, ...dynamicImports]).toEqual([])
})
