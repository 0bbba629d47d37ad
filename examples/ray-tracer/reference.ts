import { numbersOf, type Scene } from './job.ts'

type Vector = [x: number, y: number, z: number]

/*
 * Reproducible floats on a CPU: each operation rounded to 32 bits by itself, numbers below 2^-125 are zero. JavaScript computes in 64 bits,
 * whose rounding to 32 gives the correctly rounded result of + − × ÷ and the square root (Figueroa, "When is double rounding innocuous?").
 */
const f = (x: number) => (Math.abs(x) < 2 ** -125 ? 0 : Math.fround(x))
const sum = (a: number, ...rest: number[]) => rest.reduce((total, x) => f(total + x), a)
const times = (a: number, ...rest: number[]) => rest.reduce((product, x) => f(product * x), a)
const minus = (a: number, b: number) => f(a - b)
const over = (a: number, b: number) => f(a / b)
const root = (x: number) => f(Math.sqrt(x))
/** x to the power 2^squarings */
const power = (x: number, squarings: number): number => (squarings === 0 ? x : power(times(x, x), squarings - 1))

const constant = (...v: Vector) => v.map(Math.fround) as Vector
const each = (a: Vector, b: Vector, operation: (x: number, y: number) => number): Vector => [
  operation(a[0], b[0]),
  operation(a[1], b[1]),
  operation(a[2], b[2]),
]
const plus = (a: Vector, b: Vector) => each(a, b, (x, y) => sum(x, y))
const less = (a: Vector, b: Vector) => each(a, b, minus)
const mixed = (a: Vector, b: Vector) => each(a, b, (x, y) => times(x, y))
const scaled = (a: Vector, by: number) => each(a, a, (x) => times(x, by))
const inner = (a: Vector, b: Vector) => sum(times(a[0], b[0]), times(a[1], b[1]), times(a[2], b[2]))
const unit = (a: Vector) => scaled(a, over(1, root(inner(a, a))))
const blend = (a: Vector, b: Vector, t: number) => plus(a, scaled(less(b, a), t))

const cosine = (a: Vector, b: Vector) => Math.min(Math.max(inner(a, b), 0), 1)

const HORIZON = constant(0.95, 0.42, 0.17)
const DUSK = constant(0.36, 0.18, 0.3)
const ZENITH = constant(0.015, 0.04, 0.16)
const GLOW = constant(1, 0.72, 0.42)
const SUNLIGHT = constant(1.9, 1.35, 0.95)
const SHADE = constant(0.42, 0.4, 0.52)
const WHITE = constant(0.62, 0.58, 0.55)
const BLACK = constant(0.07, 0.06, 0.08)

interface Ball {
  centre: Vector
  radius: number
  colour: Vector
  mirror: number
}

interface Surface {
  distance: number
  /** Undefined for the floor. */
  ball?: Ball
}

/** The picture of a scene as RGBA bytes, traced pixel by pixel: what the Job's result must be, byte by byte. */
export function referencePicture(scene: Scene): Uint8Array {
  const { width, height, samples } = scene
  const numbers = numbersOf(scene).map(f)
  const at = (i: number) => numbers.slice(i, i + 3) as Vector
  const [eye, forward, right, up, sun] = [at(0), at(3), at(6), at(9), at(12)]
  const balls = scene.spheres.map(
    (_, i): Ball => ({ centre: at(15 + 8 * i), radius: numbers[18 + 8 * i]!, colour: at(19 + 8 * i), mirror: numbers[22 + 8 * i]! }),
  )
  const tracer = createTracer(balls, sun)
  const [columns, lines] = [width * samples, height * samples]
  const picture = new Uint8Array(width * height * 4)
  for (let pixel = 0; pixel < width * height; pixel++) {
    let light: Vector = [0, 0, 0]
    for (let s = 0; s < samples * samples; s++) {
      const [i, j] = [s % samples, Math.floor(s / samples)]
      const x = 2 * ((pixel % width) * samples + i) + 1 - columns
      const y = lines - 2 * (Math.floor(pixel / width) * samples + j) - 1
      const direction = unit(plus(forward, plus(scaled(right, over(x, columns)), scaled(up, over(y, lines)))))
      const wander: Vector = [times(2 * i + 1 - samples, Math.fround(0.012)), times(2 * j + 1 - samples, Math.fround(0.012)), 0]
      light = plus(light, tracer(eye, direction, unit(plus(sun, wander))))
    }
    const mean = scaled(light, over(1, samples * samples))
    picture.set([...mean.map(tone), 255], pixel * 4)
  }
  return picture
}

function createTracer(balls: readonly Ball[], sunCentre: Vector) {
  function nearest(origin: Vector, direction: Vector): Surface | undefined {
    let found: Surface | undefined
    if (direction[1] < Math.fround(-0.0001)) found = { distance: -over(origin[1], direction[1]) }
    for (const ball of balls) {
      const distance = meet(origin, direction, ball)
      if (distance < (found?.distance ?? FAR)) found = { distance, ball }
    }
    return found
  }

  function sky(direction: Vector): Vector {
    const height = Math.max(direction[1], 0)
    const low = Math.min(times(height, 4), 1)
    const high = Math.min(times(height, Math.fround(1.4)), 1)
    const air = blend(blend(HORIZON, DUSK, low), ZENITH, times(high, minus(2, high)))
    const toward = cosine(direction, sunCentre)
    return plus(air, scaled(GLOW, sum(times(power(toward, 4), 0.5), times(power(toward, 11), 6))))
  }

  /** The light that comes back along a ray. */
  return function trace(eye: Vector, towards: Vector, sun: Vector): Vector {
    let [origin, direction] = [eye, towards]
    let share: Vector = [1, 1, 1]
    let light: Vector = [0, 0, 0]
    for (let bounce = 0; bounce < 4; bounce++) {
      const surface = nearest(origin, direction)
      if (surface === undefined) return plus(light, mixed(share, sky(direction)))
      const { distance, ball } = surface
      const point = plus(origin, scaled(direction, distance))
      if (ball === undefined) {
        const haze = Math.min(times(distance, distance, Math.fround(0.0007)), 1)
        light = plus(light, scaled(mixed(share, sky(direction)), haze))
        share = scaled(share, minus(1, haze))
      }
      const normal: Vector = ball ? unit(less(point, ball.centre)) : [0, 1, 0]
      const colour = ball?.colour ?? ((Math.floor(point[0]) + Math.floor(point[2])) % 2 === 0 ? WHITE : BLACK)
      const mirror = ball?.mirror ?? Math.fround(0.1)
      const outside = plus(point, scaled(normal, Math.fround(0.001)))
      const facing = -inner(direction, normal)
      const reflected = plus(direction, scaled(normal, times(2, facing)))
      let received = scaled(SHADE, sum(Math.fround(0.6), times(Math.fround(0.4), normal[1])))
      const slope = inner(normal, sun)
      if (slope > 0 && balls.every((other) => meet(outside, sun, other) === FAR)) {
        received = plus(received, scaled(SUNLIGHT, slope))
        const shine = power(cosine(reflected, sun), 6)
        light = plus(light, scaled(mixed(share, SUNLIGHT), times(shine, Math.fround(0.6))))
      }
      const flat = minus(1, Math.min(Math.max(facing, 0), 1))
      const reflects = sum(mirror, times(minus(1, mirror), times(power(flat, 2), flat)))
      light = plus(light, scaled(mixed(share, mixed(colour, received)), minus(1, reflects)))
      share = scaled(share, reflects)
      origin = outside
      direction = reflected
    }
    return light
  }
}

const FAR = Number.POSITIVE_INFINITY

/** The distance at which a ray enters a ball, FAR where it does not. */
function meet(origin: Vector, direction: Vector, { centre, radius }: Ball): number {
  const offset = less(origin, centre)
  const half = inner(offset, direction)
  const discriminant = minus(times(half, half), minus(inner(offset, offset), times(radius, radius)))
  if (!(discriminant > 0 && half < 0)) return FAR
  const near = minus(-half, root(discriminant))
  return near > 0 ? near : FAR
}

function tone(x: number): number {
  const level = Math.min(times(over(x, sum(x, Math.fround(0.9))), Math.fround(1.45)), 1)
  return Math.trunc(sum(times(root(level), 255), 0.5))
}
