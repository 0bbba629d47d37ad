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
  const findings = lint({ code: `${code}\n${before}`, workgroupSize, exact, prelude: [] })
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
    ['declared names', 'var x: f32 = 1.0;\n  x += bitcast<f32>(i);', ['2:5']],
    ['inferred names', 'let x = rf_load(i); let y = x * x;', ['1:33']],
    ['members of vectors', 'let v = vec3f(1.0); let y = v.x / v.y;', ['1:35']],
    ['elements of arrays', 'var a: array<f32, 4>; a[1] = a[i] - a[0];', ['1:37']],
    ['conversions', 'let y = f32(i) % f32(3);', ['1:18']],
    ['results in brackets', 'let x = 2.0; let y = (x) * (x);', ['1:28']],
  ]
  for (const [name, body, places] of warnings) {
    test(`is warned of f32 arithmetic on ${name}`, () => {
      assert.deepEqual(
        findingsIn(body),
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

test('a float made of bits is warned of where the prelude is in use', () => {
  const shape = program('O[i] = bitcast<u32>(rf_add(bitcast<f32>(I[i]), 1.0));')
  const of = (prelude: 'reproducible-float'[]) => lint({ ...shape, prelude }).map(({ message }) => message)
  assert.deepEqual(of([]), [])
  assert.match(of(['reproducible-float'])[0]!, /rf_load/)
})

describe('slicing', () => {
  const main = (attributes: string, body: string) => `@compute @workgroup_size(64) fn main(${attributes}) { ${body} }`
  const of = (code: string) => lint({ code, exact: false, workgroupSize: 64, prelude: [] }).map(({ message }) => message)

  test('needs the first index to be added to the invocation’s', () => {
    assert.match(of(main('@builtin(global_invocation_id) g: vec3u', 'O[g.x] = 1u;'))[0]!, /P\[12\]/)
    assert.match(of(main('@builtin(workgroup_id) g: vec3u', 'O[g.x] = 1u;'))[0]!, /P\[12\]/)
    assert.deepEqual(of(main('@builtin(global_invocation_id) g: vec3u', 'O[g.x + P[12]] = 1u;')), [])
    assert.deepEqual(of(main('@builtin(global_invocation_id) g: vec3u', 'O[g.x + P[12u]] = 1u;')), [])
  })

  test('is not content with a first index that is read and not added', () => {
    const found = (body: string, more = '') =>
      lint({ code: `${main('@builtin(global_invocation_id) id: vec3u', body)} ${more}`, exact: true, workgroupSize: 64, prelude: [] }).map(
        ({ severity }) => severity,
      )
    assert.deepEqual(found('let i = id.x; let z = P[12]; O[i] = z;'), ['error'])
    assert.deepEqual(found('let i = id.x; let z = P[12] + 5u; O[i] = z;'), ['warning'])
    assert.deepEqual(found('let i = id.x + Q[12]; O[i] = 1u;'), ['error'])
    // However it gets there: by a name, the other way round, later, or by a variable of the module.
    assert.deepEqual(found('let first = P[12]; let i = first + id.x; O[i] = 1u;'), [])
    assert.deepEqual(found('var i = id.x; i += P[12]; O[i] = 1u;'), [])
    assert.deepEqual(found('first = P[12u]; let at = id; O[at.x + first] = 1u;', 'var<private> first: u32;'), [])
    assert.deepEqual(found('O[at(id.x)] = 1u;', 'fn at(i: u32) -> u32 { return i + P[12]; }'), ['warning'])
    assert.deepEqual(found('O[at(id.x, P[12])] = 1u;', 'fn at(i: u32, first: u32) -> u32 { return i + first; }'), ['warning'])
  })

  test('bears no count of workgroups', () => {
    assert.match(of(main('@builtin(num_workgroups) n: vec3u', 'O[P[12]] = n.x;'))[0]!, /num_workgroups/)
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
        lint({ code, exact: true, workgroupSize: 64, prelude: [] })
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
  ]
  for (const piece of hostile) {
    test(`64 KiB of \`${piece}\` cost no more than another source`, () => {
      const code = piece.repeat(65536 / piece.length)
      const started = performance.now()
      const findings = lint({ code, exact: true, workgroupSize: 64, prelude: [] })
      assert.ok(findings.length <= 100)
      // tens of milliseconds at most; quadratic work would take many seconds
      assert.ok(performance.now() - started < 1000)
    })
  }

  test('a long chain of members or indices overflows no stack', () => {
    for (const piece of ['.x', '[0]', '.y[1]'])
      lint({ code: `a${piece.repeat(12_000)} + 1.0`, exact: true, workgroupSize: 64, prelude: [] })
  })
})
