import type { ProfileName } from '../mock-reply.ts';
import { llamaServer } from './llama-server.ts';
import { lmStudio } from './lm-studio.ts';
import { ollama } from './ollama.ts';
import { openai } from './openai.ts';
import type { Profile } from './profile.ts';
import { vllm } from './vllm.ts';

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  openai,
  'llama-server': llamaServer,
  ollama,
  'lm-studio': lmStudio,
  vllm,
};

export const profileNames = Object.keys(profiles) as readonly ProfileName[];
