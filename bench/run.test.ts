/** What the runner says and answers where no name is given, and where there is nothing that could be named. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

function run(...args: readonly string[]): { exit: number | null; out: string; err: string } {
  const flags = ['--conditions=thingwall-source', '--disable-warning=ExperimentalWarning']
  const argv = [...flags, join(import.meta.dirname, 'run.ts'), ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' })
  return { exit: status, out: stdout, err: stderr }
}

test('without a name it lists what there is', () => {
  expect(run('bench')).toMatchObject({
    exit: 0,
    out: expect.stringMatching(/^npm run bench -- NAME, where NAME is one of: .*\bpolicy\b/),
    err: '',
  })
})

test('one part of a benchmark is run only where it has that part', () => {
  expect(run('bench', 'kernel', '--only', 'everything')).toEqual({
    exit: 2,
    out: '',
    err: 'kernel has no part "everything"; it has the parts forwarding, flood, replaces, loads\n',
  })
  expect(run('bench', 'types', '--only', 'loads')).toMatchObject({
    exit: 2,
    err: expect.stringContaining('no parts'),
  })
})

test('where there is nothing it could not run, and says what would be run', () => {
  expect(run('audit')).toEqual({
    exit: 2,
    out: '',
    err: 'npm run audit -- NAME runs bench/NAME.audit.ts, and there is none yet\n',
  })
})
