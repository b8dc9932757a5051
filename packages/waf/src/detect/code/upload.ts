/**
 * Names of uploaded files that make a server run the file, or read it as its own: extensions of programs in any disguise,
 * dot files, PHP's sessions. It deliberately looks at the name alone.
 */

const runnable: ReadonlySet<string> = new Set(
  'phtml phtm phar pht phps phpt jsp jspx jspf jsw jsv jhtml asp aspx ashx asmx ascx asax cer cdx cgi cfm cfml cfc shtml shtm stm htaccess htpasswd war do action pl py rb sh bash bat cmd com exe dll msi ps1 vbs vbe wsf wsh hta scr jar'.split(
    ' ',
  ),
)

/** Those that only count as the last one: others may well stand in the middle of a name. */
const lastOnly: ReadonlySet<string> = new Set(
  'do action pl py rb sh bash bat cmd com exe dll msi ps1 vbs vbe wsf wsh hta scr jar cer war'.split(' '),
)

/** Those that devices and people do send: firmware tools, scripts. */
const harmless: ReadonlySet<string> = new Set(
  'py rb sh bash exe dll msi jar pl bat cmd com ps1 do action'.split(' '),
)

/** Why a file of this name is not to be stored, or null. */
export function uploadHarm(text: string): string | null {
  const name = text.slice(Math.max(text.lastIndexOf('/'), 0)).replace('/', '')
  // What some readers drop: backslashes, spaces around dots, dots and signs at the end, streams of NTFS.
  const plain = name
    .slice(-300)
    .toLowerCase()
    .replaceAll('\\', '')
    .replaceAll(' ', '')
    .replaceAll('\0', '.')
    .replace('::$data', '')
  const segments = plain.split(/[.;:%]/).filter((segment) => segment !== '')
  const last = segments.length - 1
  for (const [index, segment] of segments.entries()) {
    if (index === 0 && !plain.startsWith('.')) continue
    const php = /^php\d{0,4}$/.test(segment)
    if (!php && !runnable.has(segment)) continue
    if (harmless.has(segment) || (lastOnly.has(segment) && index !== last)) continue
    // `photo.php.example` is another file's name.
    if (index < last - 1 || (index === last - 1 && (segments[last] ?? '').length > 5)) continue
    return 'a file that a server would run'
  }
  if (/^sess_[\w,-]{16,256}$/.test(name)) return 'the name of a session of PHP'
  return /^\.[a-z_]\w*$/i.test(name) ? 'the name of a hidden file' : null
}
