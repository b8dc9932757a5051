/** Completion, asked of the real shells. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { siteOf } from './program.ts'

const site = siteOf({ 'some.policy.ts': '' })
afterAll(site.remove)
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    site.write(`script.${shell}`, (await site.run(['completion', shell])).out)
  }
})

function ask(program: string, args: readonly string[]): string {
  const ended = spawnSync(program, args, { cwd: site.folder, encoding: 'utf8', timeout: 60_000 })
  expect(ended.error, program).toBeUndefined()
  expect(ended.stderr).toBe('')
  return ended.stdout
}

/** What bash would offer for the last word of a line. */
function bash(line: string): readonly string[] {
  const words = line.split(' ')
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const script = `source ./script.bash; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _thingwall
    (( \${#COMPREPLY[@]} )) && printf '%s\\n' "\${COMPREPLY[@]}"; true`
  return ask('bash', ['--norc', '-c', script])
    .split('\n')
    .filter((word) => word !== '')
    .sort()
}

function fish(line: string): readonly string[] {
  const said = ask('fish', ['--no-config', '-c', `source ./script.fish; complete -C '${line}'`])
  return said
    .split('\n')
    .flatMap((one) => (one === '' ? [] : [one.split('\t')[0] as string]))
    .sort()
}

/** The screen of an interactive zsh after the line and two presses of the key. */
function zsh(line: string): readonly string[] {
  const script = `zmodload zsh/zpty
    zpty -b shell zsh -f -i
    screen() {
      local part all='' wanted=$1
      local -i idle=0
      while (( idle++ < 100 )); do
        if zpty -r -t shell part; then all+=$part; idle=0; else sleep 0.05; fi
        [[ $all == *"$wanted"* ]] && (( idle > 8 )) && break
      done
      print -r -- "$all"
    }
    zpty -w shell "PS1='> '; autoload -U compinit; compinit -u -D; source ./script.zsh; print is-''ready"
    screen is-ready > /dev/null
    zpty -w -n shell '${line}'$'\\t\\t'
    screen '${line.split(' ').at(-1)}'
    zpty -d shell`
  const said = ask('zsh', ['-f', '-c', script])
  // Without what moves the cursor and colours.
  const plain = said.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*[A-Za-z]`, 'g'), ' ')
  return [...new Set(plain.match(/[a-z-][\w./-]+/gi) ?? [])]
}

test.each([
  ['thingwall ex', ['explain', 'export']],
  ['thingwall export ', ['json', 'nftables', 'schema', 'yaml']],
  ['thingwall check --form', ['--format']],
  ['thingwall check --format ', ['github', 'sarif', 'text']],
  ['thingwall check --policy some', ['some.policy.ts']],
])(
  '%j',
  (line, words) => {
    expect(bash(line)).toEqual(words)
    expect(fish(line)).toEqual(words)
    expect(zsh(line)).toEqual(expect.arrayContaining(words))
  },
  90_000,
)

test('a shell that has none is refused', async () => {
  const { exit, err } = await site.run(['completion', 'tcsh'])
  expect(exit).toBe(2)
  expect(err).toContain('bash, zsh, fish')
})

test('the scripts parse', () => {
  for (const [shell, args] of [
    ['bash', ['-n', 'script.bash']],
    ['zsh', ['-n', join(site.folder, 'script.zsh')]],
    ['fish', ['--no-execute', 'script.fish']],
  ] as const) {
    ask(shell, args)
  }
})
