/**
 * Every diagnostic code, in one table: 1xxx author, 2xxx analyse, 3xxx compile, 4xxx gateway.
 *
 * A code, once released, keeps its meaning. Each is explained in `docs/errors/`, and a test holds the two together.
 */
/** Errors stop; warnings do not. */
export type Severity = 'error' | 'warning'

export const codes = {
  TW1001: { title: 'a reason is missing', severity: 'error' },
  TW1002: { title: 'a value has the wrong shape', severity: 'error' },
  TW1003: { title: 'an unknown property', severity: 'error' },
  TW1004: { title: 'not an identifier', severity: 'error' },
  TW1005: { title: 'an unknown reference', severity: 'error' },
  TW1006: { title: 'not an address or prefix', severity: 'error' },
  TW1007: { title: 'not a link address', severity: 'error' },
  TW1008: { title: 'not a service', severity: 'error' },
  TW1009: { title: 'not a date', severity: 'error' },
  TW1010: { title: 'not a DNS name', severity: 'error' },
  TW1011: { title: 'one address, two devices', severity: 'error' },
  TW1012: { title: 'networks overlap', severity: 'error' },
  TW1013: { title: 'a device is on no network', severity: 'error' },
  TW1014: { title: 'a device has no identity', severity: 'error' },
  TW1015: { title: 'a name needs a device to be told it', severity: 'error' },
  TW1016: { title: 'one name, two meanings', severity: 'error' },
  TW1017: { title: 'not hours or days', severity: 'error' },
  TW1018: { title: 'not a limit', severity: 'error' },
  TW1019: { title: 'an empty list where something must stand', severity: 'error' },
  TW1020: { title: 'an owner is missing', severity: 'error' },
  TW1021: { title: 'the network prefixes are not known yet', severity: 'error' },
  TW1022: { title: 'the policy file did not load', severity: 'error' },
  TW1023: { title: 'the policy file is not deterministic', severity: 'error' },
  TW1024: { title: 'not a bindings file', severity: 'error' },
  TW1025: { title: 'a text that is too long or not plain', severity: 'error' },
  TW2001: { title: 'a reason that says nothing', severity: 'warning' },
  TW2002: { title: 'it ended on its date', severity: 'warning' },
  TW2003: { title: 'its date has passed and it stays in force', severity: 'warning' },
  TW2004: { title: 'it ends soon', severity: 'warning' },
  TW2005: { title: 'a review is overdue', severity: 'warning' },
  TW2006: { title: 'a device without rules', severity: 'warning' },
  TW2007: { title: 'a rule that can never match', severity: 'warning' },
  TW2008: { title: 'a rule that changes nothing', severity: 'warning' },
  TW2009: { title: 'a rule wider than a thing can need', severity: 'warning' },
  TW2010: { title: 'a name weaker than it looks', severity: 'warning' },
  TW2011: { title: 'a deny by name', severity: 'warning' },
  TW2012: { title: 'nobody keeps these devices apart', severity: 'warning' },
  TW2013: { title: 'an address that is the gateway', severity: 'warning' },
  TW2014: { title: 'a test of the policy failed', severity: 'error' },
  TW2015: { title: 'a test cannot be judged', severity: 'error' },
  TW2016: { title: 'dates that contradict each other', severity: 'warning' },
  TW2017: { title: 'an administrator by address alone', severity: 'warning' },
  TW2090: { title: 'the question cannot be read', severity: 'error' },
  TW3001: { title: 'the target cannot express a rule', severity: 'error' },
  TW4001: { title: 'more rights are needed', severity: 'error' },
  TW4002: { title: 'a program is missing', severity: 'error' },
  TW4003: { title: 'nft is too old', severity: 'error' },
  TW4004: { title: 'an interface that no network names', severity: 'error' },
  TW4005: { title: 'an interface that is not there', severity: 'warning' },
  TW4006: { title: 'it would cut your own connection', severity: 'error' },
  TW4007: { title: 'the kernel did not take the rule set', severity: 'error' },
  TW4008: { title: 'the state folder cannot be written', severity: 'error' },
  TW4009: { title: 'another program may drop what is allowed', severity: 'warning' },
  TW4010: { title: 'the machine does not forward', severity: 'warning' },
  TW4011: { title: 'your connection cannot be kept', severity: 'error' },
  TW4012: { title: 'in force, but not recorded', severity: 'warning' },
  TW4013: { title: 'a network without prefixes yet', severity: 'warning' },
  TW4020: { title: 'a change whose outcome is not known', severity: 'error' },
  TW4021: { title: 'the privileged process cannot be started', severity: 'error' },
} as const

codes satisfies Record<string, { title: string; severity: Severity }>

export type Code = keyof typeof codes
