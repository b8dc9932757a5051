/**
 * detector  deserialise
 * finds     objects that run code while they are read: of Java, PHP, Python, .NET, Ruby, Node and YAML; names of classes
 *           where data belongs, as readers of polymorphic JSON and XML take them
 * how       first bytes and the grammar of each format, plain and in base64; a value that is nothing but the full name of a
 *           class; words of known chains of classes, found in base64 at each of its three alignments
 * passes    serialised scalars and arrays of PHP (`a:1:{i:0;s:1:"x";}`), "java.util is a package", stack traces
 * does not  read any object
 */
import type { Detector, Evidence } from '../model/detector.ts'
import type { Field } from '../model/request.ts'

/**
 * What an object begins with wherever it stands, and how it goes on from there: runs that end where another could begin, so
 * the text is read once.
 */
const heads: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/rO0AB[A-Za-z0-9+/=]|ztAA[U-X]|s7QAF|[Aa][Cc]\s?[Ee][Dd]\s?00\s?05[0-9A-Fa-f]{4}/, 'an object of Java'],
  // The name ends at a quote, and holds none.
  [/[OCE]:(?<=(?:^|[;{"'|=:])..)\+?\d+:\\?"[^"]{1,200}":\d+:\{/, 'an object of PHP'],
  [
    /AAEAAAD\/{5}|\$type"?\s*[:=]\s*"?[\w.]+,|System\.(?:Windows\.Data\.ObjectDataProvider|Diagnostics\.Process|Web\.UI\.LosFormatter)/,
    'an object of .NET',
  ],
  [/\bgASV[A-Za-z0-9+/]{8}|__reduce__|\bcposix\\nsystem/, 'a pickled object of Python'],
  [/!!(?:python\/(?:object|name|module)|javax?\.|com\.|org\.)|!ruby\/(?:object|hash)/, 'an object in YAML'],
  [/_\$\$ND_FUNC\$\$_/, 'a function of Node'],
  [/BAhvO[A-Za-z0-9+/]{4}/, 'an object of Ruby'],
]

/** What only is one where the text begins with it. */
const begins: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^(?:Tzo|YToxOntpOjA7Tz)[A-Za-z0-9+/=]{12}/, 'an object of PHP in base64'],
  [/^c(?:os|posix|nt|subprocess|__builtin__|builtins|commands)\n\w+\n/, 'a pickled object of Python'],
]

/** What a whole value begins with. */
const magic: readonly (readonly [bytes: string, what: string])[] = [
  ['\xac\xed\0\x05', 'an object of Java'],
  ['\x04\bo:', 'an object of Ruby'],
  ['\0\x01\0\0\0\xff\xff\xff\xff', 'an object of .NET'],
]

/** A value, or a name, that is nothing but the full name of a class which does something. */
const className =
  /^(?:\[?L)?(?:(?:java|javax|sun|com\.sun|jdk)\.\w+(?:\.\$?\w[\w$]*)*|org\.(?:apache|springframework|codehaus|hibernate|jboss|omg|mozilla|python|yaml|xml|w3c)(?:\.\w+)+|com\.(?:opensymphony|mchange|zaxxer|alibaba|ibm|rometools|caucho)(?:\.\w+)+|freemarker\.\w[\w.]*|ognl\.\w+|groovy\.\w[\w.]*|bsh\.\w+|javassist\.\w+)(?:\s*;)?$/

/** In base64 the case of a letter counts. */
const camel =
  'ProcessBuilder InvokerTransformer ChainedTransformer ConstantTransformer InstantiateTransformer TemplatesImpl BadAttributeValueExpException'.split(
    ' ',
  )
const chains = [
  ...camel.map((name) => name.toLowerCase()),
  ...'clonetransformer forclosure instantiatefactory prototypeclonefactory prototypeserializationfactory whileclosure priorityqueue methodclosure'.split(
    ' ',
  ),
]
const plain = new RegExp(
  `\\b(?:runtime|processbuilder|java)\\b[\\w.$]{0,60}\\.(?:${chains.join('|')})\\b|\\b(?:${chains.filter((word) => word !== 'processbuilder' && word !== 'priorityqueue').join('|')})\\b`,
  'i',
)

/** What a word looks like in base64, whatever stands before it: without the characters that its neighbours share. */
function stems(word: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = btoa('\0'.repeat(before) + word).replace(/=+$/, '')
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + word.length) * 8) / 6)
    return encoded.slice(from, to)
  })
}

const hidden: readonly string[] = [...chains, ...camel].flatMap(stems)
/** Too ordinary a word in a longer text. */
const short: readonly string[] = stems('runtime')
const longestShort = 24
const shortly = new RegExp(short.join('|'))

const chained = 'classes of a known chain'
const anywhere: readonly (readonly [source: string, what: string])[] = [
  ...heads.map(([{ source }, what]) => [source, what] as const),
  [hidden.join('|').replaceAll('+', '\\+'), chained],
]
/** A group for each of them. */
const pattern = new RegExp(anywhere.map(([source]) => `(${source})`).join('|'))

export const deserialise: Detector = {
  id: 'deserialise',
  triggers: [
    ...'ro0ab ztaa s7qaf o: c: e: tzo yto aaeaaad $type system. cposix gasv __reduce__ !! !ruby _$$nd bah java org. com. sun. ognl freemarker groovy aced runtime'.split(
      ' ',
    ),
    '\0\x05',
    '\0\x01\0',
    'cos\n',
    'ac ed',
    ...chains,
    ...[...hidden, ...short].map((stem) => stem.toLowerCase()),
  ],
  detect(text, field) {
    const binary = magic.find(([bytes]) => text.startsWith(bytes))
    if (binary !== undefined) return { at: 0, length: 60, why: binary[1] }
    for (const [pattern, what] of begins) if (pattern.test(text)) return { at: 0, length: 60, why: what }
    return somewhere(text) ?? named(text, field)
  },
}

/** What tells an object wherever it stands: one pass. */
function somewhere(text: string): Evidence | null {
  const found = pattern.exec(text)
  if (found !== null) {
    const group = found.findIndex((match, index) => index > 0 && match !== undefined)
    const why = anywhere[group - 1]?.[1] ?? chained
    return { at: found.index, length: why === chained ? 24 : 60, why }
  }
  if (text.length > longestShort) return null
  const at = text.search(shortly)
  return at < 0 ? null : { at, length: 24, why: chained }
}

const longestName = 300

/** All of the text is the name of a class, or short and names one of a chain. */
function named(text: string, field: Field): Evidence | null {
  if (text.length >= longestName && text.trim().length >= longestName) return null
  const name = text.trim()
  if (
    field.kind !== 'file' &&
    (field.place !== 'header' || name === text) &&
    className.test(name) &&
    // What went wrong, as programs report it.
    !/(?<!Exp)(?:Exception|Error)$/.test(name)
  )
    return { at: 0, length: text.length, why: 'the full name of a class' }
  const at = text.length < longestName ? text.search(plain) : -1
  return at < 0 ? null : { at, length: 40, why: chained }
}
