const hundreds = Array.from({ length: 100 }, (_, part) => String(part / 100).slice(1));

/** Milliseconds with at most two digits behind the point. */
export function hundredths(milliseconds: number): string {
  const all = Math.round(milliseconds * 100);
  if (all < 0) return String(all / 100); // a clock that is coarser than another one
  const part = all % 100;
  return `${(all - part) / 100}${hundreds[part]}`;
}

const origin = performance.timeOrigin;
const thousands = Array.from({ length: 1000 }, (_, part) => String(part).padStart(3, '0'));
let lastSecond = -1;
let lastText = '';

/** The wall's time of a moment of `performance.now()`; most of it is the same for all the calls of a second. */
export function isoTime(at: number): string {
  const time = Math.floor(origin + at);
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toISOString().slice(0, -4);
  }
  return `${lastText}${thousands[time - second * 1000]}Z`;
}
