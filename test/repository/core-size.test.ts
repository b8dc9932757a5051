/**
 * What the application firewall weighs in a bundle, minified and gzipped, as a Worker or a page would load it: its core, which
 * reads requests and finds what is in them, and all that the index exports, declarations and adapters included. It is
 * bundled from the sources, so it needs no build.
 */
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
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
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: join(root, 'packages/waf/src'), loader: 'ts' },
    conditions: ['thingwall-source'],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    metafile: true,
  })
  const [output] = outputFiles
  const size = gzipSync(output?.contents ?? new Uint8Array(), { level: 9 }).length
  expect(size).toBeGreaterThan(10_000)
  expect(size).toBeLessThanOrEqual(ceiling)
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
})
