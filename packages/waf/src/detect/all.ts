/** All detectors, in the order in which they are asked. Nothing else is in here. */
import type { Detector } from '../model/detector.ts'
import { code } from './code.ts'
import { deserialise } from './deserialise.ts'
import { expression } from './expression.ts'
import { ldap } from './ldap.ts'
import { nosql } from './nosql.ts'
import { override } from './override.ts'
import { scanner } from './scanner.ts'
import { script } from './script.ts'
import { shell } from './shell.ts'
import { splitting } from './splitting.ts'
import { sqli } from './sqli.ts'
import { ssrf } from './ssrf.ts'
import { traversal } from './traversal.ts'
import { xss } from './xss.ts'
import { xxe } from './xxe.ts'

export const detectors: readonly Detector[] = [
  xss,
  traversal,
  sqli,
  expression,
  shell,
  code,
  script,
  ssrf,
  nosql,
  ldap,
  xxe,
  deserialise,
  splitting,
  scanner,
  override,
]
