/**
 * detector  code
 * finds     code for the interpreters that servers run: PHP, Perl, Python, Ruby, Node, ASP, Lua; files that a server would
 *           run once they are uploaded
 * how       what opens code in a file (`<?php`), variables that only the request has (`$_GET[…]`), calls of functions that
 *           run others, where an expression can begin: at the beginning, behind a quote, a bracket, an operator
 * passes    `<?xml … ?>`, `photo.php.example`, "the system (see below)", `eval` as a word
 * does not  look into files that are images by their first bytes, but for `<?php`
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'
import { codeAt, isSpace } from './characters.ts'
import { phpCall } from './code/php.ts'
import { uploadHarm } from './code/upload.ts'
import { endsAsCode } from './tail.ts'

/** Functions that run others or read and write files, and whose names nobody else has. */
const rare =
  'passthru|shell_exec|proc_open|pcntl_exec|create_function|call_user_func(?:_array)?|phpinfo|php_uname|base64_decode|str_rot13|gzinflate|gzuncompress|file_get_contents|file_put_contents|move_uploaded_file|highlight_file|var_dump|print_r|get_defined_\\w+|unserialize|register_shutdown_function|__import__'
const running = `${rare}|array_filter|array_map|assert|chmod|chr|chroot|compile|curl_exec|curl_init|die|dl|error_log|eval|exec|execfile|extract|fopen|fputs|ftp_\\w+|fwrite|getenv|gethostbyname|glob|import_request_variables|include|include_once|ini_get|ini_set|is_a|mail|mb_send_mail|mysql_\\w+|mysqli_\\w+|ob_start|opendir|parse_ini_file|parse_str|phpversion|popen|posix_\\w+|preg_replace|print|putenv|readfile|readlink|ReflectionFunction|require|require_once|scandir|session_\\w+|set_time_limit|show_source|simplexml_load_\\w+|stream_\\w+|symlink|system|unlink|usort|zend_\\w+`
/** Rare enough to stand anywhere before a bracket. */
const certain = new RegExp(
  `\\b(?:${rare}|posix_get\\w+|child_process|execSync|spawnSync|io\\.popen|os\\.popen|os\\.system|os\\.execute|subprocess\\.\\w+|Runtime\\.getRuntime|ProcessBuilder|Kernel\\.(?:open|system|exec)|Process\\.spawn|WScript\\.Shell|Server\\.CreateObject|Marshal\\.load|YAML\\.load|cPickle\\.loads|pickle\\.loads|opcache\\.\\w+)\\b\\s*(?:/\\*[^*]{0,40}\\*/\\s*)?(?:\\(|=\\d)`,
  'i',
)

const request =
  /\$\s?_(?:GET|POST|REQUEST|COOKIE|FILES|ENV|SERVER|SESSION)\b|\$\s?(?:GLOBALS|HTTP_RAW_POST_DATA|HTTP_(?:GET|POST|SERVER|COOKIE|ENV)_VARS|php_errormsg|argv)\b|\$_S\s?ERVER\b/i

const node =
  /_\$\$ND_FUNC\$\$_|\brequire\s*[([]\s*['"\\`]?(?:child_process|fs|os|net|http|vm|process|req)\b|\bprocess\s*(?:\.\s*|\[\s*(?:['"`]\s*)?)(?:binding|mainModule|env\b|exit\s*\(|getBuiltinModule)|\bmodule\.exports\s*=|\bString\s*\.\s*fromCharCode\b|\bthis\.constructor\.constructor\b|:constructor:constructor|\bglobal\.process\b|\bwhile\s*\(\s*(?:!|true|\+?\d|-?Infinity|\[\]|['"`{])|^\s*while\s*\([^\n]{1,60}\);?\s*$/

const perl = /@\s*\{\s*\[|\$\{\s*\\|@@?\{\[/

export const code: Detector = {
  id: 'code',
  triggers: [
    ...'<? ( $_ $g $s $h [php] .ph .jsp .asp .cgi .htaccess process. module. process[ require[ _$$nd @{ ${ ` {" php_value opcache /php] php} _dir _limit constructor \\php]'.split(
      ' ',
    ),
    '$ _',
    '@ {',
    '$ {',
  ],
  detect(text, field) {
    if (field.kind === 'file-name') return uploaded(text) ?? opened(text)
    if (field.kind === 'file')
      return /<\?php|<\?=|<%@\s*page|<jsp:/i.test(text)
        ? found(text, /<\?php|<\?=|<%@\s*page|<jsp:/i, 'a file that a server would run')
        : null
    return opened(text) ?? fromRequest(text) ?? calling(text, field)
  },
}

const found = (text: string, pattern: RegExp, why: string): Evidence | null => {
  const at = text.search(pattern)
  return at < 0 ? null : { at, length: 60, why }
}

function uploaded(text: string): Evidence | null {
  const why = uploadHarm(text)
  return why === null ? null : { at: 0, length: 60, why }
}

/** `<?php`, `<?=`, and the short form before anything that is no XML. */
function opened(text: string): Evidence | null {
  return found(
    text,
    /<\?(?:php\b|=\s*[\w$'"@(`\\]|\s*(?:echo|exec|system|eval|print|passthru|include|\$|php\b|@|phpinfo|\/\*)|\s*$)|\[\\?\/?php\]|\{\/?php\}/i,
    'it opens code in a page',
  )
}

function fromRequest(text: string): Evidence | null {
  return (
    found(text, request, 'a variable that only code has') ??
    found(text, node, 'code for Node') ??
    (interpolates(text) ? found(text, perl, 'an expression in a string of Perl') : null) ??
    (perl.test(text) && /[({[`]\s*(?:system|exec|qx|eval|open|print|CORE::|`|\$\$|require|do\b)/.test(text)
      ? found(text, perl, 'code for Perl')
      : null)
  )
}

const first = new RegExp(
  `^[\\s;:.,)}\\]'"+&|@!(\\\\{\\[-]*(?:\\$\\{?@?)?(?:${running})(?:['"\\])}]+\\s*(?:/\\*[^*]{0,40}\\*/\\s*)?|\\s*/\\*[^*]{0,40}\\*/\\s*)?\\(`,
  'i',
)
const broken = new RegExp(`['"][\\s.;,)}\\]+&|:]*(?:${running})\\s*\\(\\s*['"\`$\\w)]`, 'i')

function calling(text: string, field: Field): Evidence | null {
  if (certain.test(text) && !manyLines(text)) return found(text, certain, 'a call that runs something')
  if (field.place === 'header' && field.name === 'user-agent') return null
  const begins = first.exec(text)
  if (begins !== null && goesOnAsCode(text, begins[0].length))
    return { at: 0, length: 60, why: 'a call where an expression begins' }
  const quoted = manyLines(text) ? null : broken.exec(text)
  if (quoted !== null && quoted.index < 40 && /^['"]\s*[.;,)}\]+&|:]/.test(quoted[0]))
    return { at: quoted.index, length: 60, why: 'a quote ends the string and a call follows' }
  // What JavaScript puts into a text in backticks, no shell does.
  if (
    /\(\s*`(?![^`]{0,200}\$\{(?!IFS))[^`]{2,200}`\s*[).]|print\s*\(\s*`|echo\s+`/.test(text) &&
    !manyLines(text)
  )
    return found(text, /\(\s*`|echo\s+`/, 'backticks as PHP and Perl run them')
  const why = manyLines(text) ? null : phpCall(text)
  return why === null ? null : { at: 0, length: 60, why }
}

/** A program in a post has lines; a piece to be put into one has not. */
function manyLines(text: string): boolean {
  return /\n[^\n]+\n[^\n]+\n/.test(text)
}

/** What follows the bracket of a call is the end of code, not of a sentence: or nothing at all. */
function goesOnAsCode(text: string, from: number): boolean {
  if (endsAsCode(text, from)) return true
  const rest = text.slice(from, from + 64).trimEnd()
  return rest === '' && text.trimEnd().length <= from
    ? /_|chr|system|exec|eval|passthru/i.test(text.slice(0, 200))
    : text.length - from < 64 && /^['"$][^'"]{0,60}$/.test(rest)
}

const longestInterpolation = 84

/** `@{[ … ]}`, on one line and not far apart: from each end the nearest beginning counts. */
function interpolates(text: string): boolean {
  let open = -1
  for (let at = text.indexOf('@{'); at >= 0 && at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === AT && codeAt(text, at + 1) === BRACE) {
      const bracket = isSpace(codeAt(text, at + 2)) ? at + 3 : at + 2
      open = codeAt(text, bracket) === BRACKET ? at : -1
    } else if (code === 10) open = -1
    else if (code === CLOSING && open >= 0 && at - open <= longestInterpolation) {
      const brace = codeAt(text, at + 1) === 32 ? at + 2 : at + 1
      if (codeAt(text, brace) === CLOSING_BRACE) return true
    }
  }
  return false
}

const AT = 0x40
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const BRACKET = 0x5b
const CLOSING = 0x5d
