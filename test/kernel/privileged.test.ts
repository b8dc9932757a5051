/**
 * The privileged process against the real kernel: the contract of `Nft` with it and with the program, that its death at any
 * moment leaves one rule set or the other, and the sockets it hands over. What it may do: privileged-rights.test.ts. As
 * many lines as there are things that it does, in one file, because all of them start and end it the same way.
 */
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { closeSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openNft, type Purpose, thisMachine } from '@thingwall/gateway'
import { describe, expect, test } from 'vitest'
import { openSystem } from '../../packages/gateway/src/privileged/system.ts'
import { nftContract } from '../contracts/nft.ts'
import { closeOpened, nft, onEmptyKernel, opened, pidOf, written } from './privileged/ground.ts'

const source = join(import.meta.dirname, '../../packages/gateway/src/privileged/process.ts')
const flags = ['--conditions=thingwall-source', '--disable-warning=ExperimentalWarning']

async function listed(...args: readonly string[]): Promise<string> {
  return nft(...args)
}

onEmptyKernel()

nftContract('the program', async () => ({ nft: await openNft(thisMachine), listed, end: async () => {} }))
nftContract('the library, in the privileged process', async () => ({
  nft: await opened(),
  listed,
  end: async () => closeOpened(),
}))

describe('elements', () => {
  const place = { family: 'inet', table: 'thingwall', set: 'bound/things/4' } as const
  const sets = `table inet thingwall {
	set bound/things/4 {
		type ether_addr . ipv4_addr
		flags timeout
	}
	map class/4 {
		type ipv4_addr : classid
		flags timeout
	}
}
`
  const one = '02:00:00:00:00:01 . 10.0.0.7'

  test.each(['library', 'program'] as const)('come, are renewed and go, by the %s', async (kind) => {
    const noLaunch = (): never => {
      throw new Error('no koffi here')
    }
    const privileged = await opened(kind === 'library' ? {} : { launch: noLaunch }, kind)
    await privileged.load(written(sets))
    const held = (): string => nft('list', 'set', 'inet', 'thingwall', 'bound/things/4')

    await privileged.elements([
      { ...place, verb: 'add', elements: [`${one} timeout 10m`] },
      { ...place, set: 'class/4', verb: 'add', elements: ['10.0.0.7 timeout 10m : 1:2'] },
    ])
    expect(held()).toMatch(/02:00:00:00:00:01 \. 10\.0\.0\.7 timeout 10m/)
    expect(nft('list', 'map', 'inet', 'thingwall', 'class/4')).toMatch(
      /10\.0\.0\.7 timeout 10m expires \S+ : 1:2/,
    )

    await privileged.elements([{ ...place, verb: 'renew', elements: [`${one} timeout 20m`] }])
    await privileged.elements([{ ...place, verb: 'renew', elements: ['02:00:00:00:00:02 . 10.0.0.8'] }])
    expect(held()).toMatch(/10\.0\.0\.7 timeout 20m/)
    expect(held()).toMatch(/02:00:00:00:00:02 \. 10\.0\.0\.8/)

    // One that is not there: the whole batch does nothing.
    const wrong = [
      { ...place, verb: 'delete', elements: [one] },
      { ...place, verb: 'delete', elements: ['02:00:00:00:00:09 . 10.0.0.9'] },
    ] as const
    await expect(privileged.elements(wrong)).rejects.toMatchObject({ code: 'TW4007' })
    expect(held()).toMatch(/10\.0\.0\.7/)

    await privileged.elements([{ ...place, verb: 'delete', elements: [one] }])
    expect(held()).not.toMatch(/10\.0\.0\.7/)
  })

  test('a hundred thousand additions leave the process as large as it was', async () => {
    const way = await opened()
    await way.load(written(sets))
    const pid = pidOf(way)
    const add = async (from: number, count: number): Promise<void> => {
      for (let at = from; at < from + count; at += 100) {
        const elements = Array.from({ length: 100 }, (_, next) => {
          const number = at + next
          return `02:00:00:00:00:01 . 10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`
        })
        await way.elements([{ ...place, verb: 'add', elements }])
      }
    }
    const sizeKb = (): number =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    await add(0, 20_000)
    const before = sizeKb()
    await add(20_000, 80_000)
    expect(sizeKb() - before).toBeLessThan(16 * 1024)
    expect(pidOf(way)).toBe(pid)
  })
})

describe('when the process dies', () => {
  const world = (name: string): string => {
    const elements = Array.from(
      { length: 20_000 },
      (_, at) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
    )
    return `table inet thingwall
delete table inet thingwall
table inet thingwall {
	comment "${name}"
	set s {
		type ipv4_addr
		flags timeout
		elements = {
			${elements.join(',\n\t\t\t')}
		}
	}
	chain ${name} {
		ip saddr @s accept
	}
}
`
  }

  test.each(['SIGKILL', 'SIGSEGV'] as const)(
    'by %s, the next question is answered by another',
    async (signal) => {
      const way = await opened()
      const pid = pidOf(way)
      process.kill(pid, signal)
      expect(await way.rules()).toBe('')
      expect(pidOf(way)).not.toBe(pid)
      expect(way.backend).toMatchObject({ kind: 'library' })
    },
  )

  test('at any moment of a load, the old rule set is in force or the new one, whole', async () => {
    const way = await opened()
    const worlds = { old: written(world('old')), new: written(world('new')) }
    const whole: Record<string, string> = {}
    for (const name of ['old', 'new'] as const) {
      nft('-f', worlds[name])
      whole[name] = nft('-s', 'list', 'ruleset')
    }
    const started = performance.now()
    await way.load(worlds.old)
    const loadMs = performance.now() - started
    const outcomes: string[] = []
    const steps = 12
    for (let step = 0; step < steps; step++) {
      nft('-f', worlds.old)
      await way.rules()
      const pid = pidOf(way)
      const load = way.load(worlds.new).then(
        () => 'done',
        (error: { readonly code?: string }) => error.code ?? String(error),
      )
      await sleep((loadMs * 1.2 * step) / steps)
      process.kill(pid, 'SIGKILL')
      const said = await load
      // What the next process is told is what the kernel has.
      const inForce = await way.table('inet', 'thingwall')
      const now = nft('-s', 'list', 'ruleset')
      expect(inForce).toBe(now)
      const name = now === whole.old ? 'old' : now === whole.new ? 'new' : 'neither'
      outcomes.push(`${said} ${name}`)
    }
    // Never in part, never "done" without being done, and never a message other than that nobody knows.
    expect(new Set(outcomes)).toEqual(
      new Set(outcomes.filter((one) => ['done new', 'TW4020 old', 'TW4020 new'].includes(one))),
    )
    expect(outcomes).toContain('TW4020 old')
  })

  test('where it cannot be started, the program takes its place and says why', async () => {
    const broken = (): never => {
      throw new Error("Cannot find module 'koffi'")
    }
    const privileged = await opened({ launch: broken }, 'program')
    expect(privileged.backend).toMatchObject({ kind: 'program', because: expect.stringContaining("'koffi'") })
    await privileged.load(written(world('old')))
    expect(await privileged.rules()).toContain('chain old')
    await expect(
      privileged.openSocket({ kind: 'flow-events', receiveBufferBytes: 4096 }),
    ).rejects.toMatchObject({ code: 'TW4021' })
  })
})

describe('settings and sockets', () => {
  test('a setting is set, and what the kernel does not have is not', async () => {
    const way = await opened()
    const path = '/proc/sys/net/ipv4/ip_forward'
    const before = Number(readFileSync(path, 'utf8'))
    expect(await way.setting('net/ipv4/ip_forward', 1 - before)).toBe(true)
    expect(Number(readFileSync(path, 'utf8'))).toBe(1 - before)
    expect(await way.setting('net/ipv4/ip_forward', before)).toBe(true)
    expect(Number(readFileSync(path, 'utf8'))).toBe(before)
    await expect(way.setting('net/ipv4/ip_forward', 7)).rejects.toMatchObject({ code: 'TW4007' })
  })

  const logging = `table inet thingwall {
	set live {
		type mark
	}
	chain out {
		type filter hook output priority filter;
		udp dport 9 ct state new log prefix "thingwall test" group 5
	}
}
`
  const read = async (fd: number): Promise<Buffer> => {
    const system = openSystem()
    const into = Buffer.alloc(65_536)
    for (let tries = 0; tries < 2000; tries++) {
      const count = system.recv(fd, into, into.length, 0)
      if (count > 0) return into.subarray(0, count)
      await sleep(1)
    }
    throw new Error('nothing came')
  }
  const knock = async (): Promise<void> => {
    const socket = createSocket('udp4')
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.send('thing', 9, '127.0.0.1', () => resolve())
    await promise
    socket.close()
  }

  test('logged packets, flows and changes of rules arrive at the sockets that were handed over', async () => {
    const way = await opened()
    const receiveBufferBytes = 1 << 20
    const changes = await way.openSocket({ kind: 'rule-changes', receiveBufferBytes })
    const flows = await way.openSocket({ kind: 'flow-events', receiveBufferBytes })
    const log = await way.openSocket({
      kind: 'packet-log',
      group: 5,
      copyBytes: 64,
      batch: 10,
      flushAfterMs: 20,
      receiveBufferBytes,
    })
    try {
      await way.load(written(logging))
      expect((await read(changes)).readUInt16LE(4) >> 8).toBe(10)
      await knock()
      expect((await read(log)).toString('latin1')).toContain('thingwall test')
      expect((await read(flows)).readUInt16LE(4) >> 8).toBe(1)
      const table = await way.openSocket({ kind: 'flow-table', receiveBufferBytes })
      expect((await read(table)).readUInt16LE(4)).toBe(1 << 8)
      closeSync(table)
      // The group is taken while somebody listens, and free afterwards.
      const again = {
        kind: 'packet-log',
        group: 5,
        copyBytes: 64,
        batch: 1,
        flushAfterMs: 20,
        receiveBufferBytes,
      } as const
      await expect(way.openSocket(again)).rejects.toMatchObject({ code: 'TW4021' })
      closeSync(log)
      closeSync(await way.openSocket(again))
    } finally {
      closeSync(changes)
      closeSync(flows)
    }
  })

  /** As systemd does with `Accept=yes`: each connection gets a process of its own. */
  function listenFor(purpose: Purpose, path: string): Server {
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      const child = spawn(process.execPath, [...flags, source, purpose, '65534', '65534'], {
        stdio: ['ignore', 'ignore', 'inherit', socket],
      })
      child.on('spawn', () => socket.destroy())
    })
    server.listen(path)
    return server
  }

  test('a client without any rights does through them what it cannot do itself', async () => {
    const servers = (['rules', 'kernel'] as const).map((purpose) =>
      listenFor(purpose, `/run/${purpose}.sock`),
    )
    const fixture = join(import.meta.dirname, 'fixtures/without-rights.ts')
    const args = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, ...flags, fixture]
    const client = spawn('setpriv', [...args, '/run/rules.sock', '/run/kernel.sock', written(logging)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    client.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    client.on('close', () => resolve())
    await promise
    for (const server of servers) server.close()
    expect(JSON.parse(said)).toEqual({
      backend: 'library',
      byItself: 'TW4001',
      load: 'done',
      elements: 'done',
      setting: true,
      refusal: -1,
    })
    expect(nft('list', 'set', 'inet', 'thingwall', 'live')).toContain('0x00000007')
  })
})
