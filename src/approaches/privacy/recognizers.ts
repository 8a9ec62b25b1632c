import { bankAccounts } from './bank-accounts.ts';
import { cards } from './cards.ts';
import { emails } from './emails.ts';
import { keys } from './keys.ts';
import { networkAddresses } from './network-addresses.ts';
import { phones } from './phones.ts';
import type { Recognizer } from './recognizer.ts';

/** All recognizers, the surest first: what one has found, the later ones don't see. */
export const recognizers: readonly Recognizer[] = [keys, emails, bankAccounts, cards, networkAddresses, phones];
