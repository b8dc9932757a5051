/** Commands that change settings of the kernel, as an administrator runs them. They deliberately change nothing here. */

/** The same file as the hint of TW4010 names. */
const FILE = '/etc/sysctl.d/90-thingwall.conf'

/** Sets them now, and at each start of the machine. */
export function settingForGood(...settings: readonly string[]): string {
  return `sysctl -w ${settings.join(' ')} | tee -a ${FILE}`
}
