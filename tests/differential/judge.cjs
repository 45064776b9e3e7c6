// Reads a JSON list of simulations from standard input, writes the list of their results:
// Allowed, ExplicitlyDenied, ImplicitlyDenied, or "error: …".
const { runSimulation } = require('@cloud-copilot/iam-simulate')

async function judge(simulation) {
  try {
    const answer = await runSimulation(simulation, {})
    if (answer.resultType === 'error') return 'error: ' + JSON.stringify(answer.errors)
    return answer.overallResult
  } catch (error) {
    return 'error: ' + error
  }
}

async function main() {
  let text = ''
  for await (const part of process.stdin) text += part
  const results = []
  for (const simulation of JSON.parse(text)) results.push(await judge(simulation))
  process.stdout.write(JSON.stringify(results))
}

main()
