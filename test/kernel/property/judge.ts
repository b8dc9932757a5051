/** Holds the kernel to `evaluate`, one policy at a time: packets that open flows, and what comes back for them. */
import { type Address, type Bindings, evaluate, type Flow, parseAddress } from '@thingwall/policy'
import { fatesOf, flowOfAnswer, type Moment } from './answer-fates.ts'
import { type Answer, answerBytes, answersTo, type RandomAnswer, type Sent } from './answers.ts'
import { expectFate, type Fate } from './fate.ts'
import { bytesOf } from './frames.ts'
import type { Kernel, Observation } from './kernel.ts'
import { flowOf, type RandomPacket } from './packets.ts'
import { type InForce, translated } from './rules.ts'
import { multicast } from './world.ts'

/** Loads a policy, sends packets, and holds the kernel's decisions to those of `evaluate`. Tells what became of each. */
export async function judgePackets(
  kernel: Kernel,
  rules: InForce,
  packets: readonly RandomPacket[],
): Promise<readonly Sent[]> {
  const { ruleset, bindings, at, text } = rules
  kernel.load(text)
  await kernel.forget()
  const judged = (packet: RandomPacket, number: number): Flow => translated(flowOf(packet, number), rules)
  const observed = await kernel.observe(packets, bytesOf, (packet) => {
    const flow = judged(packet, 0)
    const { verdict, rule } = evaluate(ruleset, flow, bindings, at)
    return {
      arrival: flow.destination,
      isDecided: rule.id !== 'fixed/martian',
      isDelivered: verdict === 'allow' && isPassedOn(flow.destination, bindings),
    }
  })
  return packets.map((packet, index) => {
    const seen = observed[index] as Observation
    const flow = judged(packet, seen.number)
    const decision = evaluate(ruleset, flow, bindings, at)
    const fate: Fate = { verdict: decision.verdict, rule: decision.rule.id }
    expectFate(packet, [fate], isPassedOn(flow.destination, bindings), seen)
    return { packet, flow, decision, seen }
  })
}

/** Sends what comes back for packets that were sent. Tells what became of it. */
export async function judgeAnswers(
  kernel: Kernel,
  moment: Moment,
  sent: readonly Sent[],
  given: readonly RandomAnswer[],
): Promise<readonly Answered[]> {
  const { rules, isLater } = moment
  if (isLater) kernel.load(rules.text)
  const answers = answersTo(given, sent, isLater ? 1 : 0)
  const expected = answers.map((answer) => {
    const { fates, arrival } = fatesOf(answer, translated(flowOfAnswer(answer), rules), moment)
    const comesOut = arrival !== null && isPassedOn(arrival, rules.bindings)
    return { fates, arrival, comesOut }
  })
  const outlooks = new Map(answers.map((answer, at) => [answer, expected[at] as (typeof expected)[number]]))
  const observed = await kernel.observe(answers, answerBytes, (answer) => {
    const { fates, arrival, comesOut } = outlooks.get(answer) as (typeof expected)[number]
    return {
      arrival: arrival ?? ('' as Address),
      isDecided: fates.every(({ rule }) => rule !== null && rule !== 'fixed/martian'),
      isDelivered: comesOut && fates.every(({ verdict }) => verdict === 'allow'),
    }
  })
  return answers.map((answer, index) => {
    const seen = observed[index] as Observation
    const { fates, comesOut } = expected[index] as (typeof expected)[number]
    expectFate(answer, fates, comesOut, seen)
    return { answer, seen, isLater }
  })
}

/** An answer, and what became of it. */
export interface Answered {
  readonly answer: Answer
  readonly seen: Observation
  /** After something took another's place. */
  readonly isLater: boolean
}

/** Whether a packet that is let in leaves the gateway, where it can be seen: not what is for itself, or for all on a link. */
function isPassedOn(destination: Address, { gateway }: Bindings): boolean {
  return !gateway.has(destination) && !groups.has(destination)
}

const groups = new Set([...multicast, '255.255.255.255'].map((text) => parseAddress(text)))
