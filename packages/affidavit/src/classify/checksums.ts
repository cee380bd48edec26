// Check digits of public identifiers (spec/detection.md §2). Each takes the digits alone, of the right length: form is
// the detectors' business.

/** ISO/IEC 7812-1, payment cards: every second digit from the right is doubled. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digitAt(digits, digits.length - 1 - i)
    const doubled = digit * 2
    sum += i % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** ISO 13616 and ISO 7064 MOD 97-10: the first four characters go last, letters count from A = 10. */
export function passesIbanCheck(iban: string): boolean {
  const turned = iban.slice(4) + iban.slice(0, 4)
  let rest = 0
  for (let i = 0; i < turned.length; i++) {
    const value = Number.parseInt(turned.charAt(i), 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** 45 CFR 162.406: Luhn over the number behind 80840, the prefix of health cards issued in the USA. */
export function passesNpiCheck(digits: string): boolean {
  return passesLuhn(`80840${digits}`)
}

/** The seven digits of a DEA registration: 1st + 3rd + 5th and twice 2nd + 4th + 6th end in the 7th. */
export function passesDeaCheck(digits: string): boolean {
  return weightedSum(digits, [1, 2, 1, 2, 1, 2]) % 10 === digitAt(digits, 6)
}

/** Nine digits of an ABA routing number, weighted 3, 7, 1. */
export function passesAbaCheck(digits: string): boolean {
  return weightedSum(digits, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
}

/** Ten digits of an NHS number: modulus 11 over the first nine, weighted 10 to 2. A remainder of 1 has no check digit. */
export function passesNhsCheck(digits: string): boolean {
  const check = (11 - (weightedSum(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return check === digitAt(digits, 9)
}

function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, i) => sum + weight * digitAt(digits, i), 0)
}

function digitAt(digits: string, index: number): number {
  return digits.charCodeAt(index) - 48
}
