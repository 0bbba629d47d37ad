import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { lint } from '../../src/compute/lint.ts'
import { tokenize } from '../../src/compute/wgsl-tokens.ts'
import { program } from './support.ts'

/** Findings in `body`, as `severity line:column`, the body's first line being 1. */
function findingsIn(body: string, exact = true, before = ''): string[] {
  const { code, workgroupSize } = program(body, { exact })
  const shift = code.slice(0, code.indexOf(body)).split('\n').length - 1
  const findings = lint({ code: `${code}\n${before}`, invocations: 64, workgroupSize, exact, prelude: [] })
  return findings.map(({ severity, line, column }) => `${severity} ${line - shift}:${column}`)
}

describe('an exact program', () => {
  const errors: [name: string, body: string, place: string][] = [
    ['a transcendental function', 'let q = 1;\n  O[i] = bitcast<u32>(sin(f32(i)));', '2:23'],
    ['a fused multiply-add', 'let x = fma(1.0, 2.0, f32(i));', '1:11'],
    ['a dot product', 'let x = dot(vec2f(1.0), vec2f(2.0));', '1:11'],
    ['an exchange', 'atomicExchange(&O[0], i);', '1:3'],
    ['a compare and exchange', 'let x = atomicCompareExchangeWeak(&O[0], i, 1u);', '1:11'],
    ['an atomic whose value is used', 'let x = atomicAdd(&O[0], i);', '1:11'],
    ['an atomic within an expression', 'O[i] = 1u + atomicMax(&O[0], i);', '1:15'],
    ['an atomic as an argument', 'foo(atomicAdd(&O[0], i));', '1:7'],
    ['a subgroup operation', 'O[i] = subgroupAdd(i);', '1:10'],
    ['a quad operation', 'O[i] = quadBroadcast(i, 1u);', '1:10'],
  ]
  for (const [name, body, place] of errors) {
    test(`may not contain ${name}`, () => {
      assert.deepEqual(findingsIn(body)[0], `error ${place}`)
    })
    test(`may where it does not claim to be exact: ${name}`, () => {
      assert.deepEqual(findingsIn(body, false), [])
    })
  }

  const warnings: [name: string, body: string, places: string[]][] = [
    ['literals', 'let x = 1.5 + 2.0;', ['1:15']],
    ['declared names', 'var x: f32 = 1.0;\n  x += x;', ['2:5']],
    ['inferred names', 'let x = rf_load(i); let y = x * x;', ['1:33']],
    ['members of vectors', 'let v = vec3f(1.0); let y = v.x / v.y;', ['1:35']],
    ['elements of arrays', 'var a: array<f32, 4>; a[1] = a[i] - a[0];', ['1:37']],
    ['conversions', 'let y = f32(i) % f32(3);', ['1:18']],
    ['members of structures', 'let y = s.a * t[0].a; let z = vec3u().x * 2u;', ['1:15']],
    ['another name of the type', 'let y = R(i) * 3; var r: R; r += 1;', ['1:16', '1:33']],
    ['results in brackets', 'let x = 2.0; let y = (x) * (x);', ['1:28']],
  ]
  for (const [name, body, places] of warnings) {
    test(`is warned of f32 arithmetic on ${name}`, () => {
      assert.deepEqual(
        findingsIn(body, true, 'struct S { a: f32 } alias R = Q; alias Q = f32;'),
        places.map((place) => `warning ${place}`),
      )
    })
  }

  const silent: [name: string, body: string][] = [
    ['integers', 'var s = i; for (var k = 0u; k < 4u; k++) { s = s * 747796405u + k - 1u; } O[i] = s / 3u % 5u;'],
    ['atomics as statements', 'atomicAdd(&O[0], 1u); atomicMax(&O[1], i); if (i > 1u) { atomicXor(&O[2], i); } _ = atomicMin(&O[3], i);'],
    ['reproducible floats', 'let x = rf_mul(rf_load(i), 0.5); let y = rf_sqrt(rf_add(x, -x)); O[i] = bitcast<u32>(y) + 1u;'],
    ['comparisons and negation', 'let x = rf_load(i); if (x < 1.0 && -x > -2.0) { O[i] = u32(rf_to_i32(x)) + 1u; }'],
    ['what stands in comments', '// sin(x) + 1.0\n /* let y = 1.0 * cos(1.0); /* nested */ atomicExchange */ O[i] = 1u;'],
    ['the same name for an integer elsewhere', 'let t = i + 1u; O[i] = t * t;'],
  ]
  for (const [name, body] of silent) {
    test(`may contain ${name}`, () => {
      assert.deepEqual(findingsIn(body, true, 'fn other(t: f32, i: f32) -> f32 { return rf_mul(t, i); }'), [])
    })
  }

  test('may call a function of its own that has a built-in’s name', () => {
    assert.deepEqual(findingsIn('O[i] = dot(i, i);', true, 'fn dot(a: u32, b: u32) -> u32 { return a * b; }'), [])
  })
})

test('a float made of bits is warned of', () => {
  const shape = program('O[i] = bitcast<u32>(rf_add(bitcast<f32>(I[i]), 1.0));')
  const of = (prelude: 'reproducible-float'[]) => lint({ ...shape, prelude }).map(({ message }) => message)
  assert.match(of([])[0]!, /keep to integers/)
  assert.match(of(['reproducible-float'])[0]!, /^a float made of bits enters .*rf_load/)
})

describe('slicing', () => {
  const main = (attributes: string, body: string) => `@compute @workgroup_size(64) fn main(${attributes}) { ${body} }`
  const GLOBAL = '@builtin(global_invocation_id) id: vec3u'
  const WORKGROUP = '@builtin(workgroup_id) w: vec3u'
  const LOCAL = '@builtin(local_invocation_id) l: vec3u'
  const STRUCT = 'struct In { @builtin(global_invocation_id) id: vec3<u32>, @builtin(workgroup_id) w: vec3u, }'
  const of = (code: string) => lint({ code, exact: true, invocations: 64, workgroupSize: 64, prelude: [] })
  const places = (code: string) => of(code).map(({ severity, column }) => `${severity} ${code.slice(column - 1).match(/^\w+/)![0]}`)

  const good: [name: string, code: string][] = [
    ['the index', main(GLOBAL, 'let i = id.x + P[12]; if (i < P[13]) { O[i] = i; }')],
    ['the index, the other way round', main(GLOBAL, 'O[P[12u] + id.x] = 1u;')],
    ['the index in a longer sum', main(GLOBAL, 'O[3u + id.x + 1u + P[12] - 4u] = 1u;')],
    ['an argument', `${main(GLOBAL, 'f(id.x + P[12], id.y);')} fn f(i: u32, j: u32) { O[i] = j; }`],
    ['a comparison', main(`${GLOBAL},`, 'if id.x + P[12] < P[13] { O[0] = 1u; }')],
    ['what a workgroup counts', main(`${WORKGROUP}, ${LOCAL}`, 'O[w.x * 64u + l.x + P[12]] = l.x;')],
    ['the number of a workgroup', main(WORKGROUP, 'let n = w.x + P[12] / 64u; let m = P[12] + 64 * w.x; O[n] = m;')],
    ['members', `${STRUCT} ${main('in: In', 'O[in.id.x + P[12]] = in.w.x + P[12] / 64;')}`],
    ['a structure behind', `${main('in: In', 'O[in.id.x + P[12]] = 1u;')} ${STRUCT}`],
  ]
  for (const [name, code] of good) test(`bears ${name}`, () => assert.deepEqual(of(code), []))

  const bad: [name: string, code: string, places: string[]][] = [
    ['an index without the first', main(GLOBAL, 'O[id.x] = 1u;'), ['id']],
    ['a workgroup without the first', main(WORKGROUP, 'O[w.x] = 1u;'), ['w']],
    // One counted value with its first index is no excuse for another, or for the first index itself.
    ['a workgroup as data', main(`${GLOBAL}, ${WORKGROUP}`, 'let i = id.x + P[12]; if (i < P[13]) { O[i] = w.x; }'), ['w']],
    ['the first index as data', main(GLOBAL, 'let i = id.x + P[12]; O[i] = P[12];'), ['P']],
    ['a second reading', main(GLOBAL, 'let i = id.x + P[12]; O[i] = id.x;'), ['id']],
    ['one first index for two values', main(`${GLOBAL}, ${WORKGROUP}`, 'O[0] = w.x * 64u + id.x + P[12];'), ['id']],
    ['a first index in another measure', main(WORKGROUP, 'O[0] = w.x + P[12]; O[1] = w.x * 32u + P[12];'), ['w', 'P', 'w', 'P']],
    ['a first index in parts', main(GLOBAL, 'O[0] = id.x + P[12] / 64u;'), ['id', 'P']],
    ['a multiple of the first index', main(GLOBAL, 'O[0] = id.x + P[12] * 2u;'), ['id', 'P']],
    ['a multiple of the index', main(GLOBAL, 'O[0] = 2u * id.x + P[12];'), ['id', 'P']],
    ['a difference', main(GLOBAL, 'O[0] = 9u - id.x + P[12];'), ['id', 'P']],
    ['a negation', main(GLOBAL, 'O[0] = ~id.x + P[12];'), ['id', 'P']],
    ['a name for the first index', main(GLOBAL, 'let f = P[12]; O[id.x + f] = 1u;'), ['P', 'id']],
    ['a first index that is added later', main(GLOBAL, 'var i = id.x; i += P[12];'), ['id', 'P']],
    ['the first index in another function', `${main(GLOBAL, 'O[f(id.x)] = 1u;')} fn f(i: u32) -> u32 { return i + P[12]; }`, ['id', 'P']],
    ['a shadow', main(GLOBAL, '{ let id = vec3u(); O[0] = id.x + P[12]; }'), ['id']],
    ['all of the index', main(GLOBAL, 'O[0] = f(id);'), ['id']],
    ['a member as data', `${STRUCT} ${main('in: In', 'O[in.id.x + P[12]] = in.w.x;')}`, ['in']],
    ['a copy of a structure', `${STRUCT} ${main('in: In', 'let c = in; O[c.id.x + P[12]] = 1u;')}`, ['in', 'P']],
    ['a structure by another name', `${STRUCT} alias A = In; ${main('in: A', 'O[0] = in.w.x;')}`, ['in']],
    ['a built-in value of a later language', main('@builtin(workgroup_index) n: u32', 'O[0] = n;'), ['n']],
    ['the compiler’s name of the first index', main(GLOBAL, 'let P_12_ = 0u; O[id.x + P[12]] = 1u;'), ['P_12_']],
    ['a fourth binding', `@group(0) @binding(3) var<uniform> f: u32; ${main('', 'O[0] = f;')}`, ['binding']],
    ['a binding that is worked out', `@group(0) @binding(1 + 2) var<uniform> f: u32; ${main('', 'O[0] = f;')}`, ['binding']],
    ['a count of workgroups', main('@builtin(num_workgroups) n: vec3u', 'O[0] = n.x;'), ['num_workgroups']],
  ]
  for (const [name, code, found] of bad) {
    test(`does not bear ${name}`, () => {
      assert.deepEqual(places(code).toSorted(), found.map((place) => `error ${place}`).toSorted())
    })
  }

  test('says what to write', () => {
    assert.match(of(main(GLOBAL, 'O[id.x] = 1u;'))[0]!.message, /write `id\.x \+ P\[12\]`/)
    assert.match(of(main(WORKGROUP, 'O[w.x] = 1u;'))[0]!.message, /`w\.x \* 64u \+ P\[12\]` or `w\.x \+ P\[12\] \/ 64u`/)
  })
})

describe('a block that is no whole number of workgroups', () => {
  const found = (body: string, exact: boolean, invocations = 100) => {
    const code = `@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { let i = id.x + P[12]; ${body} }`
    return lint({ code, exact, invocations, workgroupSize: 64, prelude: [] }).map(({ severity, message }) => `${severity} ${message}`)
  }

  test('needs a guard', () => {
    assert.match(found('O[i] = i;', true).join(), /^error the last workgroup runs over.*P\[13\]/)
    assert.match(found('O[i] = i;', false).join(), /^warning/)
    assert.deepEqual(found('O[i] = i;', true, 128), [])
    assert.deepEqual(found('if (i < P[13]) { O[i] = i; }', true), [])
    assert.deepEqual(found('if i >= arrayLength(&O) { return; } O[i] = i;', true), [])
  })
})

describe('the tokenizer', () => {
  test('counts lines and columns as the compiler does', () => {
    const places = tokenize('a\r\nb\u2028 c /* \n\n */ d\n\u{1d4b6} e').map(({ text, line, column }) => `${text}${line}:${column}`)
    assert.deepEqual(places, ['a1:1', 'b2:1', 'c3:2', 'd5:5', '\u{1d4b6}6:1', 'e6:4'])
  })

  test('loses nothing but blanks and comments, whatever it is given', () => {
    const pieces = fc.constantFrom(
      'fn',
      'main',
      '(',
      ')',
      '{',
      '}',
      '[',
      ']',
      '<',
      '1.5',
      '0x1p3',
      '12u',
      '+',
      '-=',
      '//',
      '/*',
      '*/',
      '\n',
      ' ',
      '.',
      '@',
    )
    const source = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(source, (code) => {
        const text = tokenize(code).map((token) => token.text)
        let at = 0
        for (const word of text) {
          at = code.indexOf(word, at)
          assert.ok(at >= 0)
          at += word.length
        }
        lint({ code, exact: true, invocations: 64, workgroupSize: 64, prelude: [] })
      }),
      { numRuns: 500 },
    )
  })

  const hostile = [
    '(',
    'a[',
    'a.',
    'atomicAdd(',
    '/*',
    'fn a(',
    '1.',
    'f32((',
    'sin(',
    '((-',
    'a[0]+',
    '@workgroup_size(',
    'x:f32,',
    'let a=1.0+',
    'fn main(a:A,',
    'struct A{a:b,',
    'fn main(@builtin(global_invocation_id)a:u){a.x+a+',
  ]
  for (const piece of hostile) {
    test(`64 KiB of \`${piece}\` cost no more than another source`, () => {
      const code = piece.repeat(65536 / piece.length)
      const started = performance.now()
      const findings = lint({ code, exact: true, invocations: 64, workgroupSize: 64, prelude: [] })
      assert.ok(findings.length <= 100)
      // tens of milliseconds at most; quadratic work would take many seconds
      assert.ok(performance.now() - started < 1000)
    })
  }

  test('a long chain of members or indices overflows no stack', () => {
    for (const piece of ['.x', '[0]', '.y[1]'])
      lint({ code: `a${piece.repeat(12_000)} + 1.0`, exact: true, invocations: 64, workgroupSize: 64, prelude: [] })
  })
})
