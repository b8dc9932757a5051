/**
 * What the test machine is made of: Debian 12 as it is installed on a small gateway, with systemd and the kernel of the
 * distribution, and the programs that the kernel tests need. Drivers for hardware that no such machine has are left out,
 * because they are most of the kernel's size. It says nothing of how the image is made.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packagesForKernelTests } from '../../../scripts/system-tools.mjs'

export const suite = 'bookworm'

/** What runs inside the new root at the end. */
export const insideFile: string = join(import.meta.dirname, 'inside.sh')

const system = [
  'linux-image-amd64',
  'systemd',
  'systemd-sysv',
  'udev',
  'dbus',
  'kmod',
  'cpio',
  'e2fsprogs',
  'libnftables1',
  'qemu-guest-agent',
]

/**
 * Other firewalls, as Debian ships them. They are not installed: their packages, with all that those need, are in
 * `/opt/others` for the tests that ask for one.
 */
const others = ['ufw', 'firewalld', 'docker.io']

/** The static one, which brings the initial RAM disk too. */
const tools = packagesForKernelTests().map((name) => (name === 'busybox' ? 'busybox-static' : name))

const drivers = [
  ...['accel', 'ata', 'bcma', 'bluetooth', 'comedi', 'crypto', 'edac', 'extcon', 'firewire', 'fpga', 'gpio'],
  ...['gpu', 'hid', 'hv', 'hwmon', 'i2c', 'iio', 'infiniband', 'input', 'isdn', 'leds', 'md', 'media'],
  ...['memstick', 'message', 'mfd', 'misc', 'mmc', 'mtd', 'net/can', 'net/ethernet', 'net/usb'],
  ...['net/wireless', 'net/wwan', 'nfc', 'ntb', 'nvdimm', 'nvme', 'parport', 'pcmcia', 'pinctrl', 'platform'],
  ...['power', 'regulator', 'scsi', 'soundwire', 'spi', 'staging', 'target', 'thunderbolt', 'uio', 'usb'],
  ...['vfio', 'vhost', 'video', 'w1', 'watchdog', 'xen'],
].map((name) => `drivers/${name}`)
const elsewhere = [
  ...['arch/x86/kvm', 'fs/btrfs', 'fs/ceph', 'fs/f2fs', 'fs/gfs2', 'fs/jfs', 'fs/nfs', 'fs/nfsd', 'fs/ocfs2'],
  ...[
    'fs/reiserfs',
    'fs/smb',
    'fs/ubifs',
    'fs/xfs',
    'net/batman-adv',
    'net/bluetooth',
    'net/can',
    'net/ceph',
  ],
  ...['net/mac80211', 'net/nfc', 'net/rds', 'net/sctp', 'net/tipc', 'net/wireless', 'sound'],
]
const leftOut = [
  ...[...drivers, ...elsewhere].map((name) => `/lib/modules/*/kernel/${name}/*`),
  '/usr/share/doc/*',
  '/usr/share/locale/*',
  '/usr/share/man/*',
]

/** The arguments of mmdebstrap that stand before suite and target. */
export const recipe: readonly string[] = [
  '--variant=minbase',
  '--mode=root',
  '--format=directory',
  '--aptopt=Apt::Install-Recommends "false"',
  '--aptopt=Acquire::Languages "none"',
  ...leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
  `--include=${[...new Set([...system, ...tools])].join(',')}`,
  `--customize-hook=APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes --download-only install ${others.join(' ')}`,
  '--customize-hook=mkdir "$1/opt/others" && mv "$1"/var/cache/apt/archives/*.deb "$1/opt/others"',
]

/** All that decides what the image looks like, apart from the day on which its packages are fetched. */
export function recipeText(): string {
  return JSON.stringify([
    suite,
    recipe,
    readFileSync(insideFile, 'utf8'),
    readFileSync(import.meta.filename, 'utf8'),
  ])
}
