/**
 * detector  deserialise
 * finds     objects that run code while they are read: of Java, PHP, Python, .NET, Ruby, Node and YAML; names of classes
 *           where data belongs, as readers of polymorphic JSON and XML take them
 * how       first bytes and the grammar of each format, plain and in base64; a value that is nothing but the full name of a
 *           class; words of known chains of classes, found in base64 at each of its three alignments
 * passes    serialised scalars and arrays of PHP (`a:1:{i:0;s:1:"x";}`), "java.util is a package", stack traces
 * does not  read any object
 */
import type { Detector } from '../model/detector.ts'

const begins: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/rO0AB[A-Za-z0-9+/=]|ztAA[U-X]|s7QAF|[aA][cC]\s?[eE][dD]\s?00\s?05[0-9a-fA-F]{4}/, 'an object of Java'],
  [/(?:^|[;{"'|=:])[OCE]:\+?\d+:\\?"[^"]{1,200}\\?":\d+:\{/, 'an object of PHP'],
  [/^(?:Tzo|YToxOntpOjA7Tz)[A-Za-z0-9+/=]{12}/, 'an object of PHP in base64'],
  [
    /AAEAAAD\/\/\/\/\/|\$type"?\s*[:=]\s*"?[\w.]+,|System\.(?:Windows\.Data\.ObjectDataProvider|Diagnostics\.Process|Web\.UI\.LosFormatter)/,
    'an object of .NET',
  ],
  [
    /^c(?:os|posix|nt|subprocess|__builtin__|builtins|commands)\n\w+\n|\bgASV[A-Za-z0-9+/]{8}|__reduce__|\bcposix\\nsystem/,
    'a pickled object of Python',
  ],
  [
    /!!(?:python\/(?:object|name|module)|javax?\.|com\.|org\.|ruby\/(?:object|hash))|!ruby\/(?:object|hash)/,
    'an object in YAML',
  ],
  [/_\$\$ND_FUNC\$\$_/, 'a function of Node'],
  [/BAhvO[A-Za-z0-9+/]{4}/, 'an object of Ruby'],
]

/** What a whole value begins with. */
const magic: readonly (readonly [bytes: string, what: string])[] = [
  ['\xac\xed\0\x05', 'an object of Java'],
  ['\x04\bo:', 'an object of Ruby'],
  ['\0\x01\0\0\0\xff\xff\xff\xff', 'an object of .NET'],
]

/** A value, or a name, that is nothing but the full name of a class which does something. */
const className =
  /^\s*(?:\[?L)?(?:(?:java|javax|sun|com\.sun|jdk)\.\w+(?:\.\$?\w[\w$]*)*|org\.(?:apache|springframework|codehaus|hibernate|jboss|omg|mozilla|python|yaml|xml|w3c)(?:\.\w+)+|com\.(?:opensymphony|mchange|zaxxer|alibaba|ibm|rometools|caucho)(?:\.\w+)+|freemarker\.\w[\w.]*|ognl\.\w+|groovy\.\w[\w.]*|bsh\.\w+|javassist\.\w+)\s*;?\s*$/

const chains =
  'processbuilder clonetransformer forclosure instantiatefactory instantiatetransformer invokertransformer prototypeclonefactory prototypeserializationfactory whileclosure constanttransformer chainedtransformer templatesimpl badattributevalueexpexception priorityqueue methodclosure'.split(
    ' ',
  )
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

const camel = [
  'ProcessBuilder',
  'InvokerTransformer',
  'ChainedTransformer',
  'ConstantTransformer',
  'InstantiateTransformer',
  'TemplatesImpl',
  'BadAttributeValueExpException',
]
const hidden: readonly string[] = [...chains, ...camel].flatMap(stems)
/** Too ordinary a word in a longer text. */
const short: readonly string[] = stems('runtime')

export const deserialise: Detector = {
  id: 'deserialise',
  triggers: [
    'ro0ab',
    'ztaa',
    's7qaf',
    '\0\x05',
    '\0\x01\0',
    'o:',
    'c:',
    'e:',
    'tzo',
    'yto',
    'aaeaaad',
    '$type',
    'system.',
    'cos\n',
    'cposix',
    'gasv',
    '__reduce__',
    '!!',
    '!ruby',
    '_$$nd',
    'bah',
    'java',
    'org.',
    'com.',
    'sun.',
    'ognl',
    'freemarker',
    'groovy',
    'javassist',
    'aced',
    'ac ed',
    'runtime',
    ...chains,
    ...[...hidden, ...short].map((stem) => stem.toLowerCase()),
  ],
  detect(text, field) {
    const binary = magic.find(([bytes]) => text.startsWith(bytes))
    if (binary !== undefined) return { at: 0, length: 60, why: binary[1] }
    for (const [pattern, what] of begins) {
      const at = text.search(pattern)
      if (at >= 0) return { at, length: 60, why: what }
    }
    if (
      field.kind !== 'file' &&
      (field.place !== 'header' || /^[^\s]+$/.test(text)) &&
      text.length < 300 &&
      className.test(text) &&
      // What went wrong, as programs report it.
      !/(?<!Exp)(?:Exception|Error)\s*$/.test(text)
    )
      return { at: 0, length: text.length, why: 'the full name of a class where data belongs' }
    const at = text.length < 300 ? text.search(plain) : -1
    if (at >= 0) return { at, length: 40, why: 'classes of a known chain' }
    const stem = (text.length <= 24 ? [...hidden, ...short] : hidden).find((word) => text.includes(word))
    return stem === undefined
      ? null
      : { at: text.indexOf(stem), length: stem.length, why: 'classes of a known chain, in base64' }
  },
}
