/**
 * detector  scanner
 * finds     programs that look for holes and say so: by their User-Agent, and by the headers that they add
 * how       names of programs, at the beginning of a word
 * passes    browsers, crawlers of search engines, curl, libraries that devices use
 * does not  find anyone who hides; that is what the other detectors are for
 */
import type { Detector } from '../model/detector.ts'

const programs =
  'sqlmap nikto nessus openvas acunetix netsparker invicti arachni w3af wpscan joomscan dirbuster gobuster dirsearch feroxbuster ffuf wfuzz nuclei masscan zgrab nmap havij sqlninja bsqlbf burpcollaborator burpsuite zaproxy paros webinspect appscan skipfish vega whatweb wapiti jaeles xsser xsstrike commix fimap hydra metasploit qualys detectify grabber jorgee morfeus muieblackcat libwww-perl-scan zmeu webshag brutus cgichk n-stealth pangolin datacha0s cisco-torch dotdotpwn crowdstrike-scan interactsh tplmap golismero absinthe'.split(
    ' ',
  )
const named = new RegExp(
  `(?:^|[^a-z])(?:${programs.join('|')})(?:[^a-z]|$)|nmap scripting engine|\\$\\(select|acunetix-|x-scanner`,
  'i',
)

export const scanner: Detector = {
  id: 'scanner',
  triggers: [...programs, 'scanning', 'x-scan'],
  detect(text, field) {
    if (
      field.place !== 'header' ||
      (field.name !== 'user-agent' &&
        field.part !== 'name' &&
        !field.name.startsWith('x-scan') &&
        !field.name.startsWith('acunetix'))
    )
      return null
    const at = text.search(named)
    return at < 0 ? null : { at, length: 40, why: 'a program that looks for holes' }
  },
}
