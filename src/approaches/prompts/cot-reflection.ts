/** The form in which the model is to think, to review its thoughts, and to answer. */
export const reflectionInstruction = `Answer in this form:
<thinking>
Think about the question step by step.
<reflection>
Review your steps: look for mistakes and gaps, and correct them.
</reflection>
</thinking>
<output>
Your final answer, and nothing else.
</output>`;
