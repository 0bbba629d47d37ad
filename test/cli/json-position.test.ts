import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { findJsonFault } from '../../src/cli/json-position.ts'

const faultOf = (text: string) => {
  const fault = findJsonFault(text)
  return fault && `${fault.line}:${fault.column} ${fault.expected}, ${fault.found}`
}

describe('the first fault in JSON', () => {
  it('is told by line, column, what was expected and what was found', () => {
    assert.equal(faultOf(''), '1:1 a value, the end of the file')
    assert.equal(faultOf('{"a": 1,}'), '1:9 a key in double quotes, "}"')
    assert.equal(faultOf('{\n  "a" 1\n}'), '2:7 a colon behind the key, "1"')
    assert.equal(faultOf('[1\n 2]'), '2:2 a comma or ], "2"')
    assert.equal(faultOf('{"a": True}'), '1:7 a value, "True"')
    assert.equal(faultOf('{"a": {"b": [1, 2}}'), '1:18 a comma or ], "}"')
    assert.equal(faultOf('{} {}'), '1:4 the end of the file, "{"')
    assert.equal(faultOf("{'a': 1}"), '1:2 a key in double quotes, "\'"')
  })

  it('bears any depth of nesting', () => {
    assert.equal(findJsonFault('['.repeat(1_000_000))?.column, 1_000_001)
  })

  const agreesWithJsonParse = (text: string) => {
    let isJson = true
    try {
      JSON.parse(text)
    } catch {
      isJson = false
    }
    assert.equal(findJsonFault(text) === undefined, isJson, JSON.stringify(text))
  }

  it('is found exactly where JSON.parse finds one', () => {
    fc.assert(fc.property(fc.json(), agreesWithJsonParse))
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '0',
      '1e5',
      '.5',
      'true',
      'nul',
      ' ',
      '\n',
      '\\',
      '\u0001',
      'é',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => agreesWithJsonParse(parts.join(''))),
      { numRuns: 2000 },
    )
  })

  it('is found in JSON with one character changed', () => {
    const changed = fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 1 })).map(([json, at, char]) => {
      const place = at % (json.length + 1)
      return json.slice(0, place) + char + json.slice(place + 1)
    })
    fc.assert(fc.property(changed, agreesWithJsonParse), { numRuns: 500 })
  })
})
