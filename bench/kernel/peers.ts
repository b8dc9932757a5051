/** The rule sets that ours is measured against: what others do with the same devices and the same traffic. */
import { addressOf, macOf, TELEMETRY_PORT } from '../policy/fleet.ts'

/** As many linear rules as anybody has patience for. */
export const MOST_LINEAR = 10_000

const TRANSLATION =
  'chain translate { type nat hook postrouting priority srcnat; oifname "wan0" ip saddr 10.64.0.0/10 masquerade; }'

/** A router as most are: it tracks and masquerades, lets everything out, and drops what goes to one place. */
export function trackingText(denied: string): string {
  return `table ip peer {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		ip daddr ${denied} drop
		iifname "wlan0" accept
	}
	${TRANSLATION}
}
`
}

/** A rule for each device, looked at one after the other by every packet. */
export function linearText(devices: number): string {
  const rules = Array.from(
    { length: devices },
    (_, at) => `\t\tether saddr ${macOf(at)} ip saddr ${addressOf(at)} udp dport ${TELEMETRY_PORT} accept\n`,
  )
  return `table ip peer {
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "wan0" ct state established accept
${rules.join('')}	}
	${TRANSLATION}
}
`
}

/** The same for iptables, where open flows go first, as everybody writes it. */
export function iptablesText(devices: number): string {
  const rules = Array.from(
    { length: devices },
    (_, at) =>
      `-A FORWARD -s ${addressOf(at)} -p udp --dport ${TELEMETRY_PORT} -m mac --mac-source ${macOf(at)} -j ACCEPT\n`,
  )
  return `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
${rules.join('')}COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o wan0 -s 10.64.0.0/10 -j MASQUERADE
COMMIT
`
}
