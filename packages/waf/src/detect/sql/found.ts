/**
 * What a rule of SQL answers: from which token on, and why. It deliberately holds no rule.
 */

/** Whether the text is read as it is, or as what follows the end of a string. */
export type Context = 'none' | 'quote'

export interface Found {
  /** Of the token where it begins. */
  readonly index: number
  readonly why: string
}

export const found = (index: number, why: string): Found => ({ index, why })
