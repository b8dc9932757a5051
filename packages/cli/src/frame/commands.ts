/** Where the code of each verb lives. It is imported when the verb runs, and no sooner. */
import type { Call } from './call.ts'
import type { Host, Report } from './report.ts'
import type { VerbName } from './verbs.ts'

/** A module in `commands/`. */
export interface Command {
  readonly run: (call: Call, host: Host) => Promise<Report>
}

export const commands: Readonly<Record<VerbName, () => Promise<Command>>> = {
  init: () => import('../commands/init.ts'),
  check: () => import('../commands/check.ts'),
  explain: () => import('../commands/explain.ts'),
  list: () => import('../commands/list.ts'),
  export: () => import('../commands/export.ts'),
  plan: () => import('../commands/plan.ts'),
  apply: () => import('../commands/apply.ts'),
  confirm: () => import('../commands/confirm.ts'),
  rollback: () => import('../commands/rollback.ts'),
  history: () => import('../commands/history.ts'),
  doctor: () => import('../commands/doctor.ts'),
  boot: () => import('../commands/boot.ts'),
  status: () => import('../commands/status.ts'),
  events: () => import('../commands/events.ts'),
  gateway: () => import('../commands/gateway.ts'),
  quarantine: () => import('../commands/quarantine.ts'),
  release: () => import('../commands/release.ts'),
  allow: () => import('../commands/allow.ts'),
  completion: () => import('../commands/completion.ts'),
  demo: () => import('../commands/demo.ts'),
}
