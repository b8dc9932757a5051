/**
 * A policy file as a syntax tree. Node strips the types in place, so every line and column stays what it was, and
 * a JavaScript parser reads the rest. Used only to find places; never to judge what a policy means.
 */
import { readFileSync, statSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import type { Origin } from '@thingwall/policy'
import { type AnyNode, type Identifier, type Literal, type Program, parse } from 'acorn'

/** Past this size a file is generated, and nobody reads its lines. */
const SOURCE_BYTES = 8 << 20

/** The tree of a file, or of its text with the types stripped; null where it cannot be read or parsed. */
export function treeOf(file: string, stripped: string | undefined): Program | null {
  try {
    if (stripped !== undefined) return parseText(stripped)
    if (statSync(file).size > SOURCE_BYTES) return null
    return parseText(textOf(file))
  } catch {
    return null
  }
}

/** Where a file that does not parse goes wrong; null where it parses. */
export function syntaxFaultOf(file: string): { readonly message: string; readonly origin: Origin } | null {
  try {
    parseText(textOf(file))
    return null
  } catch (error) {
    if (!(error instanceof SyntaxError)) return null
    const place = 'loc' in error ? (error.loc as { readonly line: number; readonly column: number }) : null
    const message = error.message.replace(/ \(\d+:\d+\)$/, '')
    return { message, origin: { file, line: place?.line ?? 1, column: (place?.column ?? 0) + 1 } }
  }
}

/** Where a module's default export is written; the top of the file where that cannot be found. */
export function defaultExportOf(file: string, stripped: string | undefined): Origin {
  const found = treeOf(file, stripped)?.body.find(
    (node) =>
      node.type === 'ExportDefaultDeclaration' ||
      (node.type === 'ExportNamedDeclaration' &&
        node.specifiers.some(({ exported }) => nameOf(exported) === 'default')),
  )
  const { line, column } = found?.loc?.start ?? { line: 1, column: 0 }
  return { file, line, column: column + 1 }
}

function nameOf(node: Identifier | Literal): unknown {
  return node.type === 'Identifier' ? node.name : node.value
}

/** Every node under a node, itself first. */
export function* nodesOf(root: AnyNode): Generator<AnyNode> {
  const open: AnyNode[] = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) for (const item of value) if (isNode(item)) open.push(item)
      if (isNode(value)) open.push(value)
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function textOf(file: string): string {
  const text = readFileSync(file, 'utf8')
  return /\.m?ts$/.test(file) ? stripTypeScriptTypes(text) : text
}

function parseText(text: string): Program {
  return parse(text, { ecmaVersion: 'latest', sourceType: 'module', locations: true, allowHashBang: true })
}
