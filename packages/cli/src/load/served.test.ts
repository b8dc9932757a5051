/** What a child that evaluates a policy is given to read, and what it is not, whoever asks for it. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { type Question, servantOf } from './served.ts'

const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'thingwall-served-')))
const project = join(scratch, 'project')
const policy = write('thingwall.policy.ts', 'export default 1\n')
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

function write(name: string, text: string, mode = 0o644): string {
  const path = join(project, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

function ask(question: Question, from: string = policy) {
  const { answer, body } = servantOf(from, project)(question)
  return answer.kind === 'refused' ? `refused: ${answer.message}` : { ...answer, text: body?.toString() }
}

function read(path: string, from?: string) {
  const told = ask({ kind: 'read', path, manner: 'import' }, from)
  return typeof told === 'string' ? told : told.text
}

describe('reading', () => {
  test('a file beside the policy, one in a folder, one in a package', () => {
    expect(read(policy)).toBe('export default 1\n')
    expect(read(write('data/devices.csv', 'a,b\n'))).toBe('a,b\n')
    expect(read(write('node_modules/.pnpm/p/node_modules/p/index.js', '1'))).toBe('1')
  })
  test('outside the project: also by `..` and by links', () => {
    writeFileSync(join(scratch, 'outside'), 'secret')
    symlinkSync('../outside', join(project, 'link'))
    symlinkSync('..', join(project, 'up'))
    mkdirSync(join(scratch, 'project-of-another'))
    writeFileSync(join(scratch, 'project-of-another/file'), 'secret')
    for (const path of [
      '/etc/shadow',
      '/proc/self/environ',
      '../outside',
      'link',
      'up/outside',
      '../project-of-another/file',
    ]) {
      expect(read(join(path.startsWith('/') ? '/' : project, path)), path).toMatch(
        /^refused: a policy may not read outside/,
      )
    }
  })
  test('hidden files and what lies in hidden folders', () => {
    for (const name of ['.env', '.ssh/id_ed25519', '.git/config', 'node_modules/.cache/x', 'sub/.npmrc']) {
      expect(read(write(name, 'secret')), name).toMatch(/^refused: a policy may not read hidden/)
    }
  })
  test('what is neither file nor folder, without waiting for it', () => {
    execFileSync('mkfifo', [join(project, 'pipe')])
    chmodSync(join(project, 'pipe'), 0o644)
    expect(read(join(project, 'pipe'))).toMatch(/^refused: a policy may not read what is neither/)
    expect(read(`${policy}\0.csv`)).toMatch(/^refused: /)
    expect(read(project)).toMatch(/^refused: /)
  })
  test('what is more private than the policy: the file, or a folder above it', () => {
    for (const path of [write('key', 'secret', 0o600), write('group', 'secret', 0o640)]) {
      expect(read(path)).toMatch(/^refused: a policy may not read what is more private than itself/)
    }
    const path = write('closed/open', 'secret')
    chmodSync(join(project, 'closed'), 0o700)
    expect(read(path)).toMatch(/^refused: a policy may not read what is more private/)
  })
  test('but what is kept as close as the policy itself', () => {
    const closed = write('closed.policy.ts', 'export default 1\n', 0o600)
    expect(read(write('closed.csv', 'a\n', 0o600), closed)).toBe('a\n')
    expect(read(write('open.csv', 'b\n'), closed)).toBe('b\n')
  })
  test('a second name of a file is judged as the file', () => {
    linkSync(write('secret', 'secret', 0o600), join(project, 'second'))
    expect(read(join(project, 'second'))).toMatch(/^refused: a policy may not read what is more private/)
  })
  test('a file of more than 128 MB', () => {
    const path = write('huge', '')
    execFileSync('truncate', ['-s', '200M', path])
    expect(read(path)).toMatch(/has more than 128 MB$/)
  })
})

test('a folder lists what may be read, and nothing else', () => {
  const folder = join(project, 'listed')
  for (const name of ['b', 'a', '.hidden']) write(`listed/${name}`, '')
  write('listed/private', '', 0o600)
  write('listed/sub/file', '')
  symlinkSync('/etc/passwd', join(folder, 'link'))
  expect(ask({ kind: 'list', path: folder })).toMatchObject({
    entries: [
      ['a', 'file'],
      ['b', 'file'],
      ['sub', 'folder'],
    ],
  })
})

describe('resolving', () => {
  const importer = pathToFileURL(policy).href
  const urlOf = (specifier: string, manner: 'import' | 'require' = 'import') => {
    const told = ask({ kind: 'resolve', specifier, importer, manner })
    return typeof told === 'string'
      ? told
      : told.kind === 'resolved' && told.url.replace(pathToFileURL(project).href, '')
  }
  test('as Node does: files, and packages by their exports', () => {
    write('node_modules/both/package.json', '{ "exports": { "import": "./m.mjs", "require": "./c.cjs" } }')
    write('node_modules/both/m.mjs', '')
    write('node_modules/both/c.cjs', '')
    expect(urlOf('./data/devices.csv')).toBe('/data/devices.csv')
    expect(urlOf('both')).toBe('/node_modules/both/m.mjs')
    expect(urlOf('both')).toBe('/node_modules/both/m.mjs')
    expect(urlOf('both', 'require')).toBe('/node_modules/both/c.cjs')
    expect(urlOf('both/inside')).toMatch(/^refused: Package subpath/)
    expect(urlOf('./none.ts')).toMatch(/^refused: Cannot find module/)
    expect(urlOf('none')).toMatch(/^refused: Cannot find package 'none' imported from/)
  })
  test('not on behalf of a module outside', () => {
    expect(
      ask({ kind: 'resolve', specifier: './shadow', importer: 'file:///etc/passwd', manner: 'import' }),
    ).toMatch(/^refused: a policy may not read outside/)
    expect(
      ask({ kind: 'resolve', specifier: 'x', importer: 'data:text/javascript,1', manner: 'import' }),
    ).toMatch(/^refused: /)
  })
})
