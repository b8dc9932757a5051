/** Diagnostics in the formats of other programs. */
import { afterAll, describe, expect, test } from 'vitest'
import { siteOf } from './program.ts'

const text = `policy: home
owner: home@example
networks:
  things: { role: things, interface: wlan0, cidrs: 10.20.0.0/24, isolation: access-point }
devices:
  a: { mac: '02:00', network: things }
rules:
  'r': { allow: out, who: things, to: 'x%,:y', service: https, why: x }
`
const site = siteOf({ 'thingwall.policy.ts': '', 'home, sweet.policy.yaml': text })
afterAll(site.remove)
const check = (format: string): ReturnType<typeof site.run> =>
  site.run(['check', '-p', 'home, sweet.policy.yaml', '--format', format])

test('as remarks of a GitHub workflow: one line each, nothing of a value taken for a command', async () => {
  const { exit, out } = await check('github')
  expect(exit).toBe(1)
  expect(out.split('\n')).toEqual([
    expect.stringMatching(
      /^::error file=home%2C sweet\.policy\.yaml,line=6,col=8,title=TW1007::this is no link address%0Asix pairs/,
    ),
    expect.stringMatching(/^::error file=home%2C sweet\.policy\.yaml,line=8,col=39,title=TW1006::/),
    '',
  ])
})

test('as SARIF', async () => {
  const { exit, out } = await check('sarif')
  expect(exit).toBe(1)
  const log = JSON.parse(out)
  expect(log.version).toBe('2.1.0')
  const [run] = log.runs
  expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(['TW1006', 'TW1007'])
  expect(run.results).toHaveLength(2)
  expect(run.results[0]).toMatchObject({
    ruleId: 'TW1007',
    ruleIndex: 1,
    level: 'error',
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'home%2C%20sweet.policy.yaml' },
          region: { startLine: 6, startColumn: 8 },
        },
      },
    ],
  })
})

describe('another format', () => {
  test('is refused with what there is', async () => {
    const { exit, err } = await check('sarf')
    expect(exit).toBe(2)
    expect(err).toContain('did you mean --format sarif?')
  })
})
