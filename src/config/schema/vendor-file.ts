import * as z from 'zod';
import { backendUrlProblem } from '../backend-url.ts';
import { text, variableName } from './fields.ts';

/** `src/backends/vendors/<vendor>.yaml`: what `backend_type: <vendor>` fills in. */
export const vendorFile = z
  .strictObject({
    name: text('What `backend_type` says; the same as the name of the file.', {
      example: 'openai',
      pattern: /^[a-z0-9][a-z0-9-]*$/,
    }),
    api_base_url: text('Where its API is.', {
      expects: 'a URL that begins with http:// or https://',
      example: '"https://api.example.com/v1"',
      check: (value) => backendUrlProblem(value, { query: false, keySetting: 'api_key_env_var' }),
    }),
    api_key_env_var: variableName(
      'Its usual key variable; absent for servers that need no key.',
      'EXAMPLE_API_KEY',
    ).optional(),
    documentation: text('One line for the reference page.', { example: '"OpenAI, https://platform.openai.com/docs"' }),
  })
  .describe('One vendor of the built-in catalogue.');

export type Vendor = z.output<typeof vendorFile>;
