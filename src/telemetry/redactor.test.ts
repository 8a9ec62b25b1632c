import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Secret } from '../secret.ts';
import { Redactor } from './redactor.ts';

const secrets = fc.string({ minLength: 8, maxLength: 40 }).filter((text) => text.trim().length >= 8);
const text = fc.string({ maxLength: 60 });

it('leaves no secret in a text, however it stands there', () => {
  const forms = fc.constantFrom<(secret: string) => string>(
    (secret) => secret,
    (secret) => JSON.stringify(secret).slice(1, -1),
    (secret) => JSON.stringify(JSON.stringify(secret)).slice(3, -3),
    (secret) => encodeURIComponent(secret),
    (secret) => secret.replaceAll('/', '\\/'),
  );
  fc.assert(
    fc.property(
      fc.array(secrets, { minLength: 1, maxLength: 4 }),
      text,
      text,
      forms,
      fc.nat(),
      (all, one, two, form, n) => {
        const redactor = new Redactor(all.map((secret) => new Secret(secret)));
        const shown = form(all[n % all.length] as string);
        const masked = redactor.mask(one + shown + two);
        expect(redactor.finds(one + shown + two)).toBe(true);
        expect(masked).toContain('[secret]');
        expect(redactor.finds(masked.replaceAll('[secret]', '\n'))).toBe(false);
      },
    ),
  );
});

it('says where secrets stand, which is where they are masked', () => {
  fc.assert(
    fc.property(secrets, fc.array(text, { maxLength: 5 }), (secret, parts) => {
      const redactor = new Redactor([new Secret(secret)]);
      const whole = parts.join(secret);
      let built = '';
      let at = 0;
      for (const [from, to] of redactor.spans(whole)) {
        built += `${whole.slice(at, from)}[secret]`;
        at = to;
      }
      expect(built + whole.slice(at)).toBe(redactor.mask(whole));
    }),
  );
});

it('masks a short secret only where it stands alone, and what it learns from then on', () => {
  const redactor = new Redactor([new Secret('none')]);
  expect(redactor.mask('none, nonetheless "none"')).toBe('[secret], nonetheless "[secret]"');
  expect(redactor.finds('a-granted-token')).toBe(false);
  redactor.learn('a-granted-token');
  expect(redactor.mask('Bearer a-granted-token')).toBe('Bearer [secret]');
  expect(redactor.mask('more of it', ['of it'])).toBe('more [secret]');
});

it('changes nothing where there are no secrets', () => {
  fc.assert(
    fc.property(text, (any) => {
      expect(new Redactor([]).mask(any)).toBe(any);
    }),
  );
});
