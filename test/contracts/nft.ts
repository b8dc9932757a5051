/**
 * What every way to nftables promises, as one suite that the program and the library both run against the real kernel:
 * one transaction or nothing, a check changes nothing, listings say the same in the same words.
 */
import { writeFileSync } from 'node:fs'
import type { Nft } from '@thingwall/gateway'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** One open way, with no table of ours in the kernel. */
export interface NftSubject {
  readonly nft: Nft
  /** The same question put to the program itself, to compare with. */
  readonly listed: (...args: readonly string[]) => Promise<string>
  readonly end: () => Promise<void>
}

const table = `table inet thingwall {
	comment "thingwall 0123"
	counter allow/things/a-b {
	}
	set live {
		type mark
		flags timeout
		elements = {
			0x00010001,
			0x00010002 timeout 5d
		}
	}
	set claimed {
		typeof @th,64,128
		flags timeout
		elements = {
			0xfe8000000000000000000000000000aa
		}
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		meta l4proto { icmp, ipv6-icmp } ct mark & 0x00ffffff @live counter name "allow/things/a-b" accept
		tcp dport { 22, 8883 } log prefix "thingwall a/b" group 5 accept
	}
}
`

export function nftContract(name: string, open: () => Promise<NftSubject>): void {
  describe(`the contract of a way to nftables: ${name}`, () => {
    let subject: NftSubject
    let files = 0
    beforeEach(async () => {
      subject = await open()
    })
    afterEach(() => subject.end())

    const written = (text: string): string => {
      files += 1
      const file = `/run/contract-${files}.nft`
      writeFileSync(file, text)
      return file
    }

    test('what was loaded is listed as the program lists it', async () => {
      const { nft, listed } = subject
      await nft.load(written(table))
      expect(await nft.rules()).toBe(await listed('-t', '-s', 'list', 'ruleset'))
      expect(await nft.rules()).toContain('chain forward')
      expect(await nft.rules()).not.toContain('0x00010001')
      expect(await nft.table('inet', 'thingwall')).toBe(
        await listed('-s', 'list', 'table', 'inet', 'thingwall'),
      )
      expect(await nft.set('set', 'inet', 'thingwall', 'live')).toContain('0x00010001')
    })

    test('objects come with counters and without elements', async () => {
      await subject.nft.load(written(table))
      const objects = await subject.nft.objects()
      const told = JSON.parse(await subject.listed('-j', '-t', 'list', 'ruleset')) as {
        readonly nftables: unknown
      }
      expect(objects).toEqual(told.nftables)
      expect(objects.find((one) => one.counter !== undefined)?.counter).toMatchObject({ packets: 0 })
    })

    test('a check changes nothing', async () => {
      await subject.nft.check(written(table))
      expect(await subject.nft.rules()).toBe('')
    })

    test('a transaction that fails at its end leaves what was there', async () => {
      const { nft } = subject
      await nft.load(written(table))
      const before = await nft.table('inet', 'thingwall')
      const broken = `delete table inet thingwall\n${table}add element inet thingwall nowhere { 1 }\n`
      await expect(nft.load(written(broken))).rejects.toMatchObject({ code: 'TW4007' })
      await expect(nft.check(written(broken))).rejects.toMatchObject({ code: 'TW4007' })
      await expect(nft.load(written('table inet thingwall {\n\tnonsense\n}\n'))).rejects.toMatchObject({
        code: 'TW4007',
      })
      expect(await nft.table('inet', 'thingwall')).toBe(before)
    })

    test('what is not there is empty', async () => {
      expect(await subject.nft.rules()).toBe('')
      expect(await subject.nft.objects()).toHaveLength(1)
      expect(await subject.nft.table('inet', 'thingwall')).toBe('')
      expect(await subject.nft.set('set', 'inet', 'thingwall', 'live')).toBe('')
    })

    test('a file that is not there is no rule set', async () => {
      await expect(subject.nft.load('/run/no-such-file.nft')).rejects.toThrow()
      expect(await subject.nft.rules()).toBe('')
    })

    test('many questions at once are answered one by one', async () => {
      const { nft } = subject
      await nft.load(written(table))
      const asked = await Promise.all([
        nft.set('set', 'inet', 'thingwall', 'live'),
        nft.set('set', 'inet', 'thingwall', 'claimed'),
        nft.table('inet', 'other'),
        nft.set('set', 'inet', 'thingwall', 'live'),
      ])
      expect(asked.map((text) => /set (\w+) \{/.exec(text)?.[1])).toEqual([
        'live',
        'claimed',
        undefined,
        'live',
      ])
    })
  })
}
