/**
 * Becoming somebody who is not root, for a gateway that is started by hand, and making the folders fit for that: the state
 * folder is root's and can be read by the account's group, `gateway` in it is the account's own.
 */
import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gatewayPart } from '../disk/parts.ts'
import type { Machine } from '../machine/machine.ts'

/** Whom the daemon runs as when nobody says otherwise. */
export const ACCOUNT = 'thingwall'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** All its groups. */
  readonly groups: readonly number[]
}

/** The account of that name or number; null where there is none. */
export async function accountOf(machine: Pick<Machine, 'run'>, name: string): Promise<Account | null> {
  const { status, stdout } = await machine.run('getent', ['passwd', '--', name])
  const [found, , uid, gid] = stdout.trim().split(':')
  if (status !== 0 || found === undefined || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) return null
  const [, ...groups] = (await machine.run('getent', ['initgroups', '--', found])).stdout.trim().split(/\s+/)
  return {
    name: found,
    uid: Number(uid),
    gid: Number(gid),
    groups: [...new Set([gid, ...groups])].map(Number),
  }
}

/** Whether there is anybody else to become: in a user namespace there may be root alone. */
export function canBecome({ uid, gid }: Account): boolean {
  const isMapped = (file: string, id: number): boolean =>
    readFileSync(`/proc/self/${file}`, 'utf8')
      .trim()
      .split('\n')
      .some((line) => {
        const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number)
        return id >= inside && id < inside + count
      })
  return isMapped('uid_map', uid) && isMapped('gid_map', gid)
}

/** From here on this process is that account, in every thread, and has no capability. There is no way back. */
export function become({ name, uid, gid, groups }: Account): void {
  process.setgroups?.([...groups])
  process.setgid?.(gid)
  process.setuid?.(uid)
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid || process.getegid?.() !== gid)
    throw new Error(`this process did not become ${name}`)
}

/** Makes the folders, and hands over what an earlier gateway left behind that ran as somebody else. */
export function prepareFolders(
  { uid, gid }: Pick<Account, 'uid' | 'gid'>,
  folders: { readonly state: string; readonly run: string },
): void {
  const { state, run } = folders
  mkdirSync(state, { recursive: true, mode: 0o750 })
  showToGroup(state, gid)
  const own = gatewayPart(state)
  mkdirSync(own, { recursive: true, mode: 0o750 })
  // Once it is the account's, what is in there may be anything: root has no business in it any more.
  if (lstatSync(own).uid !== uid) handOver(own, uid, gid)
  mkdirSync(run, { recursive: true, mode: 0o750 })
  if (lstatSync(run).uid !== uid) lchownSync(run, uid, gid)
}

/** Root's, to be read by the group, as what root will write there is. Nothing is followed. */
function showToGroup(folder: string, gid: number): void {
  chownSync(folder, 0, gid)
  chmodSync(folder, 0o2750)
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const { uid, mode } = lstatSync(path)
    if (path === gatewayPart(folder) || uid !== 0) continue
    if ((mode & S_IFMT) === S_IFDIR) showToGroup(path, gid)
    else if ((mode & S_IFMT) === S_IFREG) {
      chownSync(path, 0, gid)
      chmodSync(path, name === 'lock' ? 0o660 : 0o640)
    }
  }
}

const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const S_IFREG = 0o100000

/** The folder last: until then nobody else can change what is in it. */
function handOver(path: string, uid: number, gid: number): void {
  const isFolder = (lstatSync(path).mode & S_IFMT) === S_IFDIR
  if (isFolder) for (const name of readdirSync(path)) handOver(join(path, name), uid, gid)
  lchownSync(path, uid, gid)
}
