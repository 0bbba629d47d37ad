import { createHash } from 'node:crypto'
import { HEADER_WORDS } from '../job/abi.ts'
import type { Compute, WgslProgram } from '../ports.ts'

const INPUTS = 1024

/** Operations of one program: few enough that it compiles in milliseconds. */
const PER_PROGRAM = 12

/** On floats a, b, c and their bits x, y, z. Operators, fusion, reassociation, denormals, conversions, each built-in function. */
const FLOAT_OPERATIONS = `a + b; a - b; a * b; a / b; a * b + c; fma(a, b, c); a * b + b * c; a / 3.0; a % b; sqrt(abs(a)); inverseSqrt(abs(a));
exp(a * 0.05); exp2(a * 0.05); log(abs(a)); log2(abs(a)); pow(abs(a), c); sin(a); cos(a); tan(a); asin(fract(a)); atan(a); atan2(a, b); tanh(a);
sinh(a * 0.05); floor(a); round(a); fract(a); min(a, b); clamp(a, 0.0, 1.0); mix(a, b, c); smoothstep(-1.0, 1.0, a);
dot(vec4f(a, b, c, a), vec4f(b, c, a, c)); length(vec3f(a, b, c)); normalize(vec3f(a, b, c)).x; distance(vec2f(a, b), vec2f(b, c));
a * b + b * c + c * a + a * a + b * b + c * c; a * bitcast<f32>(0x00080000u); bitcast<f32>(x & 0x007fffffu) + bitcast<f32>(y & 0x007fffffu);
bitcast<f32>((x & 0x007fffffu) | 0x00800000u) * 0.5; ldexp(a, i32(x & 63u) - 32); f32(bitcast<i32>(x)); f32(x)`

const INTEGER_OPERATIONS = `bitcast<u32>(i32(a)); u32(a); pack2x16float(vec2f(a, b)); pack4x8unorm(vec4f(a, b, c, a));
bitcast<u32>(bitcast<i32>(x) / bitcast<i32>(y)); (x * y + z) ^ (x >> (y & 31u))`

const list = (text: string) => text.split(';').map((expression) => expression.trim())

export const OPERATIONS = [...list(FLOAT_OPERATIONS).map((expression) => `bitcast<u32>(${expression})`), ...list(INTEGER_OPERATIONS)]

/**
 * The device's numeric fingerprint, 32 hex digits: SHA-256 over the results of 48 operations on 1,024 inputs. Peers with the same one
 * agree on raw f32 as far as those operations show; `class` verification rests on it.
 */
export async function measureFingerprint(run: Compute['run']): Promise<string> {
  const hash = createHash('sha256')
  const block = { params: new Uint32Array(HEADER_WORDS), input: fingerprintInputs() }
  for (let first = 0; first < OPERATIONS.length; first += PER_PROGRAM) {
    const [result] = await run(programOf(OPERATIONS.slice(first, first + PER_PROGRAM)), [block], { budgetMs: 10_000 })
    hash.update(result!.output)
  }
  return hash.digest('hex').slice(0, 32)
}

function programOf(operations: readonly string[]): WgslProgram {
  const code = `@group(0) @binding(0) var<storage, read> P: array<u32>;
@group(0) @binding(1) var<storage, read> I: array<u32>;
@group(0) @binding(2) var<storage, read_write> O: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + P[12];
  if (i >= P[13]) { return; }
  let x = I[i]; let y = I[${INPUTS}u + i]; let z = I[${2 * INPUTS}u + i];
  let a = bitcast<f32>(x); let b = bitcast<f32>(y); let c = bitcast<f32>(z);
  ${operations.map((operation, index) => `O[${index * INPUTS}u + i] = ${operation};`).join('\n  ')}
}`
  // NaN's bits say nothing of how a device calculates, so `f32`
  const shape = { workgroupSize: 64, invocations: INPUTS, outputBytes: operations.length * INPUTS * 4 }
  return { code, prelude: [], ...shape, exact: false, outputElement: 'f32' }
}

/** Three times 1,024 floats of ±2^-8 to ±2^8, always the same. */
function fingerprintInputs(): Uint8Array {
  let state = 12345
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const floats = Float32Array.from({ length: 3 * INPUTS }, () => (random() * 2 - 1) * 2 ** (Math.floor(random() * 17) - 8))
  return new Uint8Array(floats.buffer)
}
