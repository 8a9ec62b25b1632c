import type { Recognizer } from './recognizer.ts';

/** Length of the account numbers of each country that registered one. */
const lengths = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 ' +
    'FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 ' +
    'LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 ' +
    'RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const start = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g;

/** International bank account numbers: right length for the country, right check digits; in groups or in one piece. */
export const bankAccounts: Recognizer = {
  kind: 'IBAN',
  *find(text) {
    let from = 0;
    for (const match of text.matchAll(start)) {
      if (match.index < from) continue;
      const length = lengths.get(match[0].slice(0, 2).toUpperCase());
      const end = length === undefined ? undefined : endOfNumber(text, match.index, length);
      if (end === undefined || !hasCheckDigits(text.slice(match.index, end))) continue;
      yield [match.index, end];
      from = end;
    }
  },
};

/** Where a number of this length ends, if nothing but single spaces or hyphens stands between its characters. */
function endOfNumber(text: string, from: number, length: number): number | undefined {
  let index = from;
  for (let seen = 0; seen < length; index += 1) {
    if (/[A-Za-z0-9]/.test(text.charAt(index))) seen += 1;
    else if (!/[ -]/.test(text.charAt(index)) || !/[A-Za-z0-9]/.test(text.charAt(index + 1))) return undefined;
  }
  return /[A-Za-z0-9]/.test(text.charAt(index)) ? undefined : index;
}

/** ISO 7064, modulo 97. */
function hasCheckDigits(number: string): boolean {
  const plain = number.replace(/[ -]/g, '').toUpperCase();
  const digits = (plain.slice(4) + plain.slice(0, 4)).replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return BigInt(digits) % 97n === 1n;
}
