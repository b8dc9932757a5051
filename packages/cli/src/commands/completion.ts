/** `thingwall completion SHELL`: what a shell needs to complete these commands. */
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import { type VerbWords, verbWords } from '../completion/words.ts'
import { zshScript } from '../completion/zsh.ts'
import type { Call } from '../frame/call.ts'
import { exits } from '../frame/exit.ts'
import { usage } from '../frame/failure.ts'
import type { Host, Report } from '../frame/report.ts'

const shells: Readonly<Record<string, (verbs: readonly VerbWords[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

export async function run(call: Call, _host: Host): Promise<Report> {
  const shell = call.operands[0] as string
  const write = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (write === undefined) {
    throw usage(`there is no completion for '${shell}'`, `there is: ${Object.keys(shells).join(', ')}`)
  }
  const script = write(verbWords())
  return { exit: exits.fine, json: { shell, script }, text: () => script, next: [] }
}
