/** Injected pieces of SQL in the three places they come to stand in, and prose that uses the same words and signs. */
import { describe, expect, test } from 'vitest'
import { asked } from './fixtures/asked.ts'
import { sqli } from './sqli.ts'

describe('refused', () => {
  test.each([
    '1 and 2 > 1',
    '1=1 or 2=2',
    '1<2 or 1=1',
    '1 < 2 and 3 > (2',
    "1 < 2' and 3 > '2",
    "1' or '1'='1",
    "' or 1=1 -- ",
    '1 or 1=1',
    '") or ("1"="1',
    "admin'--",
    "admin'/*",
    '-1 union select 1,2,3',
    '1/**/uNiOn/**/sElEcT/**/null,version()',
    "0' || 2=1e1union/*!50000select*/1,2#",
    '1 union(select 1,2,3)',
    "1'; drop table readings; --",
    "x'; exec master..xp_cmdshell 'whoami'--",
    '1 and sleep(5)',
    "1' and benchmark(3000000,md5(1))#",
    "1'; waitfor delay '0:0:5'--",
    "1' order by 4#",
    "1' and ascii(substring((select user()),1,1))>64#",
    '(select count(*) from information_schema.tables)',
    "'||(select password from users limit 1)||'",
    "1' into outfile '/var/www/x.php'#",
    '1 && 1=1',
    "'='",
    "x' like '%",
    '1%20or%201%3D1',
    '1 and length(version())>3',
    'database(',
    'and uid != (',
    "x' or 1=",
    ') as total from',
    'in (1,2,3)',
    '11!=1',
    "x'|y--",
    "x' notnull --",
    "x'or'y",
    'OR \'{"b":2}\'::jsonb <@ \'{"a":1}\'::jsonb',
    "encode(lo_get(1),'base64')::int",
    '1.e(ascii)',
    'select/**/a/**/from/**/b',
    "0.3' UNION ALL select NULL --",
    "24'union+all+select+1,2,3+from+aa",
    'information_schema',
    'select if(x',
    '9999 or true',
  ])('%s', (text) => {
    expect(asked(sqli, text)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each([
    '1 < 2 and 3 > 2',
    '1 + 1 = 2 and 2 + 2 = 4',
    "O'Brien",
    "rock 'n' roll",
    'having friends over is nice',
    'select a few friends from the list and order pizza',
    'Please select pair #1',
    'the student union selected a chair',
    'drop table runner, 3 pieces',
    'create a view of the crater',
    '1/4" - 1/2" wide ribbon',
    '"salt" and "pepper"',
    "the boys' and girls' school",
    'this or that; one or two',
    '5 and a half',
    'x = 1 or so',
    'update: set the alarm',
    "it's 5 o'clock -- time for tea",
    'C# and F#',
    'a=b&c=d&&e=f',
    'rc-select@14.5.2,rc-table@7.0.0',
    'time.sleep(5)',
    'SELECT id, name FROM sensors WHERE region = us',
    '2026-11-22T18:00:00Z',
    '-- signed, the team',
    '**bold** and [a link](https://volcano.example/a?b=1&c=2), 1 < 2 && 2 > 1',
    "couldn't reach it; bus reset && retry < 6",
    "don't; won't; can't",
    'values of (1, 2) and more',
    'known as Bob from Ohio',
    'in (or out) of the house',
    'what is 1 = 1 about?',
    '1 < 2',
    'x == y',
    'How do I select the first row of each group in SQL?',
    'what does SELECT * FROM users WHERE id = 1 do?',
    "the word 'and' is short",
    "is this your parents' or yours?",
    'std::vector<int> v',
    'temperature >= 21 and humidity <= 40',
    'user@volcano.example',
    '/*! jQuery v3.7.1 | MIT */',
  ])('%s', (text) => {
    expect(asked(sqli, text)).toBeNull()
  })
})

describe('a long text', () => {
  test('is read to its end, over every place where a lot of it ends', () => {
    const line = 'the gateway measured what it was told to, and nothing else. '
    for (let lines = 265; lines < 285; lines++)
      expect(asked(sqli, `${line.repeat(lines)} union select password from users`)).toBe(
        'union joins a second query',
      )
  })
  test('may be one expression: none is too deep', () => {
    expect(asked(sqli, `1 and ${'1+'.repeat(60_000)}1`)).toBeNull()
    expect(asked(sqli, `1 and ${'a::int+'.repeat(60_000)}1`)).toBeNull()
    expect(asked(sqli, `1 and ${'(1+'.repeat(60_000)}1`)).toBeNull()
  })
})
