// Reads lines, each a JSON list of simulations, from standard input. Writes for each line the list
// of their results: Allowed, ExplicitlyDenied, ImplicitlyDenied, or "error: …".
const readline = require('readline')
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
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const results = []
    for (const simulation of JSON.parse(line)) results.push(await judge(simulation))
    process.stdout.write(JSON.stringify(results) + '\n')
  }
}

main()
