/**
 * The first file of an installed thingwall that Node reads. It asks whether this Node is new enough and only then
 * imports the program. It is written so that a Node of 2018 can still parse it, and so cannot be TypeScript; it
 * deliberately does nothing else.
 */
'use strict'
// biome-ignore-start lint/style/useNodejsImportProtocol: an old Node does not know `node:`.
const path = require('path')
const url = require('url')
// biome-ignore-end lint/style/useNodejsImportProtocol: as above.

const OLDEST_MAJOR = 24

if (Number(process.versions.node.split('.')[0]) < OLDEST_MAJOR) {
  process.stderr.write(
    `thingwall: needs Node ${OLDEST_MAJOR} or newer on PATH, found: ${process.version}\n` +
      '  get it from https://nodejs.org or your distribution; in a checkout, run: npm ci\n',
  )
  process.exitCode = 2
} else {
  // `--disable-warning` would do this, but an old Node stops at a flag it does not know, without the sentence above.
  const warn = process.emitWarning
  process.emitWarning = function emitWarning(...given) {
    const [, type] = given
    const name = typeof type === 'object' && type !== null ? type.type : type
    if (name !== 'ExperimentalWarning') Reflect.apply(warn, process, given)
  }
  import(url.pathToFileURL(path.join(__dirname, '..', 'dist', 'main.js')).href)
}
