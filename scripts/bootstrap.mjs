/**
 * Brings a machine that has only git, npm and some Node to where the repository's own commands run, then
 * runs one: `node scripts/bootstrap.mjs test|check|demo|bench|exam|machine|build [arguments]`. Plain JavaScript, no
 * dependencies, so an old Node can start it; when there is nothing to do it only compares two files.
 * It deliberately holds no logic of the commands themselves.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureSystemTools, pathWithSbin } from './system-tools.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const minimumNode = 24

/**
 * tools: whether system tools are needed: 'required' stops without them, 'wanted' only says so.
 * run: what is started with the right Node, relative to the root; a shell launcher is started as it is.
 * @type {Record<string, { tools: 'required' | 'wanted' | 'none', run: string[] }>}
 */
const commands = {
  test: { tools: 'required', run: ['scripts/test.ts'] },
  check: { tools: 'none', run: ['scripts/test.ts', 'types', 'lint', 'unit'] },
  demo: { tools: 'required', run: ['packages/cli/bin/thingwall', 'demo'] },
  bench: { tools: 'wanted', run: ['bench/run.ts', 'bench'] },
  exam: { tools: 'wanted', run: ['bench/run.ts', 'exam'] },
  machine: { tools: 'required', run: ['test/machine/console.ts'] },
  build: { tools: 'none', run: ['scripts/build.ts'] },
}

/** @param {string} message @returns {never} */
function stop(message) {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

/**
 * The packages that a lock file lists, by their place.
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }>}
 */
function packagesIn(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {}
}

/** Whether what npm wrote down as installed is what the lock file wants; times of files say nothing after a pull. */
function packagesAreCurrent() {
  const installed = packagesIn(join(modules, '.package-lock.json'))
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(([place, wanted]) => {
    if (!place.includes('node_modules/')) return true
    const present = installed[place]
    // Optional packages are those of other platforms.
    if (present === undefined) return wanted.optional === true || wanted.devOptional === true
    return present.version === wanted.version && present.integrity === wanted.integrity
  })
}

function ensurePackages() {
  if (packagesAreCurrent()) return
  process.stderr.write('installing the packages of package-lock.json\n')
  // The npm that started us, if one did; some machines have several.
  const npm = process.env.npm_execpath
  const [program, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  // Our packages want Node 24, npm may run on an older one: its engine warnings mean nothing here.
  const args = [...first, 'ci', '--loglevel=error', '--include=dev', '--include=optional']
  const { status } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) stop('npm ci failed; its message is above')
}

/** This Node if it is new enough, else the one that came with the packages. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= minimumNode) return process.execPath
  const own = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(own)) return own
  return stop(
    `Node ${minimumNode} or newer is needed, this is ${process.version}, and none is packaged for ` +
      `${process.platform} ${process.arch}: get one from https://nodejs.org and put it on PATH`,
  )
}

/** @param {string} program @param {readonly string[]} args @param {NodeJS.ProcessEnv} env */
function become(program, args, env) {
  const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' })
  // A terminal sends its interrupt to both of us; the child cleans up, and we wait for it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  process.on('SIGHUP', () => child.kill('SIGHUP'))
  child.on('error', (error) => stop(`cannot start ${program}: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 2)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

const [name = '', ...rest] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) ? commands[name] : undefined
if (command === undefined)
  stop(`bootstrap: no command ${JSON.stringify(name)}; there are: ${Object.keys(commands).join(', ')}`)

ensurePackages()
const node = findNode()
const path = [dirname(node), join(modules, '.bin'), pathWithSbin(process.env.PATH)].join(delimiter)
if (command.tools !== 'none') {
  const problem = ensureSystemTools(path)
  if (problem !== null && command.tools === 'required') stop(problem)
  if (problem !== null) process.stderr.write(`${problem}\n(going on without them)\n\n`)
}

const [file = '', ...fixed] = command.run
const env = { ...process.env, PATH: path }
if (file.endsWith('.ts')) {
  const flags = ['--conditions=thingwall-source', '--disable-warning=ExperimentalWarning', '--expose-gc']
  become(node, [...flags, join(root, file), ...fixed, ...rest], env)
} else {
  become(join(root, file), [...fixed, ...rest], env)
}
