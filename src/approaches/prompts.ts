/** All that approaches say to models, apart from material; short, and in one place. */
export const prompts = {
  readAgain: 'Read the question again:',
};
