/** Whether the programs that thingwall runs on are there, and new enough. */
import { escapeText } from '@thingwall/policy'
import { isOlder, OLDEST_NFT } from '../nft/program.ts'
import type { Check, Finding, Ground } from './finding.ts'

/** The oldest kernel that tests boot (Debian 12). Older ones may do: the probes say. */
const TESTED_KERNEL = '6.1'
const OLDEST_NODE = '24'

export const versions: Check = async (ground) => [
  await kernelVersion(ground),
  await nftVersion(ground),
  ...(await programs(ground)),
  node(ground),
]

async function kernelVersion({ machine }: Ground): Promise<Finding> {
  const release = escapeText((await machine.read('/proc/sys/kernel/osrelease'))?.trim() ?? '', 80)
  const version = /^\d+(?:\.\d+)*/.exec(release)?.[0]
  if (version === undefined || isOlder(version, TESTED_KERNEL))
    return {
      check: 'versions',
      severity: 'note',
      message: `the kernel is ${release || 'of an unknown version'}; ${TESTED_KERNEL} is the oldest that is tested`,
      mend: null,
    }
  return { check: 'versions', severity: 'fine', message: `kernel ${release}`, mend: null }
}

async function nftVersion({ machine }: Ground): Promise<Finding> {
  const told = await machine.run('nft', ['--version'])
  const version = /v(\d+(?:\.\d+)+)/.exec(told.stdout)?.[1]
  if (version === undefined || isOlder(version, OLDEST_NFT))
    return {
      check: 'versions',
      severity: 'missing',
      message:
        version === undefined
          ? 'the program nft is not installed'
          : `nft is ${version}, and has to be ${OLDEST_NFT} or newer`,
      mend: 'apt-get install nftables',
    }
  return { check: 'versions', severity: 'fine', message: `nft ${version}`, mend: null }
}

async function programs({ machine }: Ground): Promise<readonly Finding[]> {
  const needed = [
    ['ip', ['-Version'], 'iproute2', 'missing', 'interfaces cannot be listed'],
    [
      'conntrack',
      ['--version'],
      'conntrack',
      'warning',
      'a connection that apply is called from cannot be kept',
    ],
  ] as const
  const found = await Promise.all(
    needed.map(async ([program, args, from, severity, without]): Promise<Finding> => {
      const { isMissing, stdout } = await machine.run(program, args)
      return isMissing
        ? {
            check: 'versions',
            severity,
            message: `the program ${program} is not installed: ${without}`,
            mend: `apt-get install ${from}`,
          }
        : {
            check: 'versions',
            severity: 'fine',
            message: escapeText(stdout.trim().split('\n')[0] ?? '', 80),
            mend: null,
          }
    }),
  )
  return found
}

function node({ node: version }: Ground): Finding {
  return isOlder(version, OLDEST_NODE)
    ? {
        check: 'versions',
        severity: 'missing',
        message: `Node is ${version}, and has to be ${OLDEST_NODE} or newer`,
        mend: 'npm install --global node@24',
      }
    : { check: 'versions', severity: 'fine', message: `Node ${version}`, mend: null }
}
