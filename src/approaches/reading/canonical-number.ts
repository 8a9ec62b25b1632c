const whole = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)`;
const unsigned = String.raw`(?:${whole}(?:\.\d+)?|\.\d+)`;
const decimal = new RegExp(`^[-+−]?${unsigned}$`);
const fraction = new RegExp(`^([-+−]?${unsigned}) ?/ ?([-+−]?${unsigned})$`);
const texFraction = /^([-+−]?)\\[dt]?frac\{([-+−]?\d+)\}\{([-+−]?\d+)\}$/;

/** Fractions of numbers with more characters are left as text, so that the exact arithmetic stays cheap. */
const longestPart = 100;

/**
 * The one spelling of the number that the whole text is: `1,000.0` gives `1000`, `.50` gives `0.5`, `2/4` gives `0.5`,
 * `2/6` gives `1/3`, `\frac{1}{2}` gives `0.5`. Equal spelling means equal value, exactly. No number: undefined;
 * so are a percentage, a number with a unit and a division by 0.
 */
export function canonicalNumber(text: string): string | undefined {
  if (!/[0-9]/.test(text)) return undefined;
  const plain = text.replaceAll('{,}', ',').replaceAll('\\!', '');
  if (decimal.test(plain)) return canonicalDecimal(plain);
  const tex = texFraction.exec(plain);
  const [above, below] = tex ? [tex[2], tex[3]] : (fraction.exec(plain)?.slice(1) ?? []);
  if (above === undefined || below === undefined) return undefined;
  if (above.length > longestPart || below.length > longestPart) return undefined;
  const quotient = canonicalQuotient(above, below);
  return quotient !== undefined && isNegative(tex?.[1] ?? '') ? negated(quotient) : quotient;
}

function isNegative(number: string): boolean {
  return number.startsWith('-') || number.startsWith('−');
}

function negated(number: string): string {
  if (number === '0') return number;
  return number.startsWith('-') ? number.slice(1) : `-${number}`;
}

/** The digits of a decimal number before and after its point, without zeros that say nothing. */
function digitsOf(number: string): { before: string; after: string } {
  const [first = '', second = ''] = number
    .replace(/^[-+−]/, '')
    .replaceAll(',', '')
    .split('.');
  let end = second.length;
  while (end > 0 && second[end - 1] === '0') end--;
  return { before: first.replace(/^0+/, ''), after: second.slice(0, end) };
}

function canonicalDecimal(number: string): string {
  const { before, after } = digitsOf(number);
  if (before === '' && after === '') return '0';
  const value = `${before === '' ? '0' : before}${after === '' ? '' : `.${after}`}`;
  return isNegative(number) ? `-${value}` : value;
}

function canonicalQuotient(above: string, below: string): string | undefined {
  const [upper, lower] = [digitsOf(above), digitsOf(below)];
  const places = Math.max(upper.after.length, lower.after.length);
  const numerator = BigInt(`0${upper.before}${upper.after.padEnd(places, '0')}`);
  const denominator = BigInt(`0${lower.before}${lower.after.padEnd(places, '0')}`);
  if (denominator === 0n) return undefined;
  const divisor = greatestCommonDivisor(numerator, denominator);
  const value = reducedQuotient(numerator / divisor, denominator / divisor);
  return isNegative(above) === isNegative(below) ? value : negated(value);
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}

/** As a decimal where it ends (the denominator has no prime factor but 2 and 5), else as a fraction. */
function reducedQuotient(numerator: bigint, denominator: bigint): string {
  const [twos, withoutTwos] = takeFactor(denominator, 2n);
  const [fives, rest] = takeFactor(withoutTwos, 5n);
  if (rest !== 1n) return `${numerator}/${denominator}`;
  const places = Math.max(twos, fives);
  const digits = ((numerator * 10n ** BigInt(places)) / denominator).toString().padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function takeFactor(value: bigint, factor: bigint): [times: number, rest: bigint] {
  let times = 0;
  let rest = value;
  for (; rest % factor === 0n; rest /= factor) times++;
  return [times, rest];
}
