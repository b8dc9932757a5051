/** What can be said of a condition: no, it cannot be told (a name has no binding), yes. Ordered: "any of" is the greatest. */
export type Truth = 0 | 1 | 2
export const NO = 0
export const MAYBE = 1
export const YES = 2
