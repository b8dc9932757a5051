/** All detectors, in the order in which they are asked: the sure and cheap ones first. Nothing else is in here. */
import type { Detector } from '../model/detector.ts'
import { sqli } from './sqli.ts'
import { traversal } from './traversal.ts'
import { xss } from './xss.ts'

export const detectors: readonly Detector[] = [xss, traversal, sqli]
