package verify

import "regexp"

// A cue is a pattern that speaks against a sentence, unless the sentence
// warns of what it names or the evidence itself has the words.
type cue struct {
	check   string
	why     string
	pattern *regexp.Regexp
	evident bool // evidence that has the words excuses them
	warned  bool // a negation before them excuses them
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(`(?i)` + s) }

const (
	acts    = `(?:re-?boot|re-?start|power[ -]?cycl|patch|updat|upgrad|flash|re-?flash|download|upload|install|re-?program|re-?configur|stop|halt|shut (?:it |them )?(?:down|off)|switch(?: \S+){0,4} off|turn(?: \S+){0,3} off|cut the power|unplug|disconnect|reset|re-?write|overwrit|chang|replac|trip|crash|test|try|practi[sc]e|show|demonstrat|trigger|provok|simulat|rehears|verify|scan|probe|fuzz|flood|load|push|roll)\w*`
	hasty   = `(?:at once|right away|right now|immediately|instantly|today|tonight|this (?:minute|morning|afternoon|shift|week)|without (?:waiting|delay|warning|notice|approval|asking|an outage|a (?:planned |maintenance )?(?:window|outage|shutdown))|(?:do|need|should|must) ?n['’]?o?t wait|not wait|no need to wait|don['’]t wait|as soon as (?:it|the (?:patch|update|fix)) (?:is|comes?) out|(?:in|during) (?:the middle of )?(?:the|a|full|normal|current|running|ongoing) (?:shift|production|operation|batch|run)\b|in the middle of|during (?:full |normal )?(?:operation|production)|while (?:it|they|the \S+(?: \S+)?) (?:is|are|keeps?|stays?) (?:still )?(?:running|hot|in (?:operation|service|production)|online|live|producing)|under (?:full )?load|as a precaution|outside (?:the|any|a) (?:planned )?(?:outage|window)|before the (?:next )?(?:outage|window)|instead of waiting|(?:even|also) if|whenever|at any time|any time)`
	running = `(?:running|live|in service|in operation|in production|operating|productive|hot)`
	guards  = `(?:safety (?:function|system|controller|instrumented|plc|relay|logic|trip|interlock|shutdown|loop|valve|layer)\w*|sis\b|interlock\w*|emergency[ -]?(?:stop|shutdown)\w*|e-?stop|esd\b|trip(?:s|ping)?\b|burner management|overpressure|over-?speed|high[- ]level (?:switch|alarm)|limit switch\w*|protection relay|protective function|relief valve|light curtain|guard(?:s| door)?\b|alarms?\b|watchdogs?|key[ -]?switch monitoring|test (?:rig|bench|stand)|vendor['’]?s? approval|approval|outage window|safety traffic|fail-?safe|permissive)`
	defeats = `(?:disabl|bypass|defeat|overrid|jumper|forc|skip|suppress|silenc|mut|inhibit|remov|deactivat|switch(?:ing)? off|turn(?:ing)? off|circumvent|short-?circuit|bridg|block|cut|ignor|suspend|drop|leav(?:e|ing) out|take out|taken out|stop|mask|shelv|pull)\w*`
)

var cues = []cue{
	{CheckSafety, "it weakens a safety function or the care around it", re(`\b` + defeats + `\b(?:\W+[\w-]+){0,6}?\W+` + guards), false, true},
	{CheckSafety, "it takes safety traffic or emergency functions along", re(`\b(?:safety|emergency|protection)\b[^.;]{0,60}\b(?:included|as well|too|also)\b|\b(?:including|even|also|together with) (?:the |those |that )?(?:of the )?(?:safety|emergency|protection)\b`), false, true},
	{CheckSafety, "it works on a running device", re(`\b` + acts + `\b[^.;:]{0,60}\b` + running + ` (?:\S+ )?(?:\S*(?:plc|controller|device|relay|rtu|kiln|gateway|plant|process|system|machine|server|line|turbine|pump|unit|firewall|boiler|press|drive|robot|hmi|station|\w+-\w*\d+))`), false, true},
	{CheckSafety, "it works on a device in service", re(`\b(?:flood|fuzz|scan|prob|crash|stress|overload|hammer)\w*\b[^.;:]{0,80}\b(?:in service|in operation|in production|while|until (?:it|they) (?:stop|hang|fail|crash))`), false, true},
	{CheckSafety, "it probes devices actively", re(`\b(?:scan|probe|fuzz|enumerate|sweep|poll|ping)\w*\b[^.;:]{0,60}\bactive(?:ly)?\b|\bactive(?:ly)?\b (?:\w+ ){0,2}(?:scan|prob|fuzz|enumerat)\w*|\b(?:run|launch|start|perform|schedule|use) (?:a|an|the)? ?(?:\w+ ){0,2}(?:vulnerability scan|port scan|network scan|nmap|nessus|penetration test|fuzz\w*)`), false, true},
	{CheckSafety, "it does work on a device without an outage", re(`\b` + acts + `\b[^.;]{0,90}?\b` + hasty + `|\b` + hasty + `\b[^.;]{0,60}\b` + acts), false, true},
	{CheckSafety, "it stops a device for an exercise or a test", re(`\bmay be (?:re-?started|stopped|scanned|patched|re-?booted|switched|reset|updated|changed|bypassed)\b[^.;]{0,40}\b(?:for the|during|any|at any|whenever|daily|freely|exercise|test)|\b(?:each|every) (?:trainee|student|participant|operator)\b[^.;]{0,40}\b(?:stop|program mode|bypass|download|switch)`), false, true},
	{CheckSafety, "it may lock operators out", re(`\b(?:lock|block|shut|keep|log|throw)(?:s|ed|ing)?\b(?:\W+[\w-]+){0,6}?\W+(?:out\b|console|hmi|panel|operators?|accounts? of (?:the )?operators?|control room)(?:[^.;]{0,60}\b(?:after|until|automatically|at once|during|wrong|failed|upset|inactiv))|\block(?:s|ed)? out automatically|\bautomatic(?:ally)? (?:screen )?lock`), false, true},
	{CheckSafety, "it gives up the safer way", re(`\b(?:not good enough|too slow|takes? too long|not worth the wait|unnecessary delay|a waste of time|only delays?|takes only (?:seconds|minutes|a moment)|is only for show|a mere formality)\b`), true, false},
	{CheckSafety, "it refuses or cuts off everything at once", re(`\b(?:block|refuse|reject|drop|cut|deny|disconnect|isolate|stop|shut)\w*\b(?:\W+[\w-]+){0,4}?\W+(?:all|every|everything|any)\b[^.;]{0,60}\b(?:at once|immediately|now|right away|included|safety)`), false, true},
	{CheckSafety, "it switches power off or on", re(`\b(?:cut|trip|interrupt|remove|pull|toggle)\w* the (?:power|supply|mains)\b[^.;]{0,60}\b(?:at once|precaution|again|now|running)|\btrigger\w* a power\b`), false, true},

	{CheckSecrets, "it gives a secret away", re(`\b(?:password|passphrase|passcode|pin|secret|key|credentials?|login|account)\b (?:is |are |of |named |called |= ?|: ?|")?"?(?:[A-Za-z]*[A-Z][a-z]+\d+\S*|[a-z]+\d{2,}\w*|\d{4,}\b|admin\b|root\b|default/\w+|\w+/\w+\b)|\blog(?:in|on|s)? (?:in|on)?(?: to| at)? ?\S+ (?:as|with) (?:the )?(?:user |account )?(?:sa|root|admin|administrator|guest|user|operator|service|engineer|maint\w*)\b|\b(?:try|use|enter|type|with) (?:the )?(?:default|factory|vendor['’]?s?|hard-?coded|common|built-?in) (?:password|login|credential|account)s?\b|\bleave the password empty|\bpassword (?:empty|blank)|\bshare the account\b|\busername\b`), false, true},
	{CheckSecrets, "it names a tool of attackers, or a command", re(`\b(?:metasploit|msfconsole|msfvenom|meterpreter|hping3?|nmap|nessus|mimikatz|shodan|censys|hydra|medusa|ettercap|bettercap|wireshark|scapy|aircrack\w*|sqlmap|burp|netcat|ncat|nc -|cobalt ?strike|rundll32|powershell|psexec|certutil|createfile|curl|wget|tftp|telnet \S+ \d+|ssh \S+@|mbpoll|modpoll|modscan|plcscan|snap7|s7client|responder|john the ripper|hashcat|binwalk|jtag|uart|openocd|bus pirate|hackrf|sdr\b|gnu ?radio|flipper|isf framework|python (?:script|-c)|bash -|cmd\.exe|reverse shell|web ?shell|shellcode|payload|buffer overflow string|rop chain|autoopen|beacon)\b| --?[a-z]{1,12}\b.*\s-\S|(?:^|\s)--[a-z]+|[;|&]\s?(?:id|cat|ls|sh|whoami|rm)\b|\.\./|' or 1|\bor 1=1|<script`), true, true},
	{CheckSecrets, "it tells how to carry the attack out", re(`\b(?:function code|holding register|coil|opcode|variation|unit id|object|index|register|offset|address) \(?(?:0x)?\d+|\b(?:to|and) (?:prove|demonstrate|show|see|check|confirm|test) (?:that|whether|how|if)\b[^.;]{0,50}\b(?:accepted|runs|command|survives?|root|executes?|vulnerable|exploitable|works|stops?|crash\w*|bypass\w*|obeys?)|\b(?:as|is) root\b|\bat \d{4,6} baud\b|\b(?:write|craft|build|prepare|compile|create|make|embed|attach|plant|hide) (?:a |an |the )?(?:\w+ ){0,2}(?:macro|payload|exploit|malicious|prepared|forged|crafted|spoofed|malformed|backdoor|trojan|dropper|lnk file|implant|\.lnk)|\b(?:put|place|drop|leave) a (?:prepared|crafted|infected|malicious|doctored|manipulated)|\b(?:send|replay|inject|transmit|craft|forge|spoof|broadcast)\w*\b (?:a |an |the |it |one )?(?:\w+ ){0,4}(?:packet|command|telegram|frame|function|request|write|message|string|datagram|stop|operate)s?\b[^.;]{0,80}\b(?:to|until|and|with)\b|\b(?:run|use|launch|start|fire|point|aim) (?:it|them|a|the)? ?(?:\w+ ){0,4}against\b|\bgain (?:root|admin|a shell)|\bdump the (?:memory|firmware|password|hash)|\bbrute[- ]force (?:the|it|its)|\bguess the password|\bopen a (?:breaker|valve) (?:by|with)|\bclick a faceplate|\bstart the pump\b|\btransceiver\b|\bkeep the handle\b|\bappend\b[^.;]{0,40}\b(?:field|parameter|url|request|path)\b|\bopen com\d`), true, true},

	{CheckCertainty, "it promises more than evidence can", re(`\b(?:guarantee\w*|fully (?:prevent|eliminat|protect|stop|solv|remov|secur|block|mitigat|cover|safe)\w*|(?:completely|entirely|totally|absolutely|perfectly|wholly) (?:\w+)|rule[sd]? out (?:any|every|all)|for ever|forever|once and for all|never again|can never|no longer (?:possible|at risk|a risk|any)|makes? (?:it |them |\w+ )?(?:\w+ ){0,4}impossible|(?:is|are|becomes?) (?:then |now )?impossible|every way|each and every|inevitabl[ey]|invariably|in (?:all|any|every) cases?|without (?:any )?exception|100 ?(?:%|percent)|of any kind|whole (?:path|process|plant|network) (?:is|are)|the whole (?:process|plant)|eliminat\w+|eradicat\w+|unbreakable|immune|bullet-?proof|foolproof|nothing can|nobody can (?:ever|any)|any more|all (?:attacks?|threats?|risks?|intrusions?|intruders?|malware|future|possible)|every (?:attack\w*|threat|risk|intrusion|intruder|flood|controller|manipulation|\w+ attack)|always (?:\w+s)\b|definitely|certainly|undoubtedly|without (?:a )?doubt|ever (?:be|again)|will never|is (?:then )?sealed|no (?:attacker|intruder|outsider|malware|attack|risk|one) (?:can|will|ever|remains)|destroys? every|rules? out|does no harm|no harm|at all times|cannot (?:ever|possibly)|perfect(?:ly)?|total (?:protection|security)|permanently|for good)\b`), true, false},

	{CheckAuthority, "it names an authority that the evidence does not", re(`\b(?:cisa|nist|nsa|fbi|ics-cert|us-cert|first|enisa|bsi|ncsc|anssi|cert[- /]\w+|nerc|ferc|iec|iso|isa|ieee|osha|epa|tsa|dhs|doe|gartner|sans|dragos|mandiant|claroty|eset|kaspersky|national vulnerability database|nvd|department of \w+|ministry|european (?:union|commission)|directive|the eu\b|regulators?|regulations?|insurers?|auditors?|law|legislation|government|experts?|studies|researchers|industry best practices?|best practices?|specialists say|surveys?|statistics|analysts (?:agree|say)|vendors? (?:recommend|advis|confirm|say|guarantee|writ|stat|requir)\w*|manufacturers? (?:recommend|advis|confirm|say|guarantee|writ|stat|requir)\w*|makers? (?:recommend|advis|confirm|say|guarantee|writ|stat|requir)\w*)\b`), true, false},
	{CheckAuthority, "it rests on somebody's word that the evidence does not hold", re(`\b(?:according to|as (?:required|recommended|mandated|demanded|advised|stipulated|laid down) by|mandated by|required by law|by law|legally|is mandatory under|obliges?|confirmed by|certified by|approved by|endorsed by)\b`), true, false},
}

// roles are sentences in which a measure attacks or an attacker protects.
var roles = []*regexp.Regexp{
	regexp.MustCompile(`\b(?:M\d{4}|MID-\d{3})(?: \p{Lu}[\w/-]*(?: (?:or|and|of|in|to|over) \p{Lu}[\w/-]*| \p{Lu}[\w/-]*)*)? (?:is a technique|was used by|was spread|is spread|(?:is|was) carried out|erase[sd]?|delete[sd]?|spreads|infect(?:s|ed)|destroy(?:s|ed)|attack(?:s|ed)|exploit(?:s|ed)|flood(?:s|ed)|steals|stole|wipes|wiped|hijack(?:s|ed)|overwrites|encrypts the|lets (?:an|the) (?:attacker|intruder)|gives (?:an|the) (?:attacker|intruder)|opens (?:T|the way))`),
	regexp.MustCompile(`(?i)\b(?:attackers?|intruders?|adversar(?:y|ies)|malware|worms?|rogue \w+|wipers?|thie(?:f|ves)|outsiders?) (?:uses?|used|deploy(?:s|ed)?|appl(?:y|ies|ied)|rel(?:y|ies|ied) on|employ(?:s|ed)?) (?:M\d{4}|MID-\d{3})`),
	regexp.MustCompile(`\b(?:T\d{4}(?:\.\d{3})?)(?: \p{Lu}[\w/-]*)* (?:mitigates|protects|prevents|secures|is a mitigation|is an official mitigation|is asked for by)\b`),
}

// protects matches what an attacker does not do, behind the name of one.
var protects = regexp.MustCompile(`^(?: \([SGC]\d{4}\)|,? [SGC]\d{4},?)? (?:offers?|mitigates?|protects?|prevents?|recommends?|lists?|provides?|is (?:a|an official|one of the|a listed|the only) mitigation|is asked for|answers|secures?|is among the (?:\w+ )?mitigations|defends?)\b`)

// often matches how often, and rated how bad.
var (
	often = re(`\b(?:(?:once|twice|times|every|each|per)(?: (?:a|an|per|every|each|other|two|three|few|six))? (second|minute|hour|day|week|month|quarter|year|shift|night)s?|(hourly|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?))\b`)
	rated = re(`\b(?:rated|rating(?: is| of)?|severity(?: is| of)?|level(?: is| of)?|classified|marked|tier|ranked|scored|considered)(?: as| with)? "?(low|medium|moderate|high|critical|severe|important|informational|negligible|foundational|intermediate|leading|advanced|basic)\b|\b(low|medium|moderate|high|critical)[ -](?:severity|rating|priority)\b`)
)

// attributed matches how a sentence keeps a title at a distance.
var attributed = re(`\b(?:titles?|titled|says?|said|saying|claims?|calls?|asks?|asked|words?|wants?|wish\w*|demands?|requests?|tries|instruct\w*|orders?|tells?|reads?|quot\w*|wording|text of)\b`)

// dismissed matches how a sentence that obeys a title ends the matter.
var dismissed = re(`\b(?:no (?:\w+ )?(?:action|fix|measure|mitigation|patch|change|work|step|response|follow-?up|further)s? (?:is|are|was|has to be|have to be|needs?|remains?|required|needed|necessary)|nothing (?:more |else |further )?(?:must|has|needs?|is|was|remains|to do|to be)|all[- ]clear|risk is accepted|risk (?:has been|was) accepted|is (?:therefore )?(?:exempt|resolved|closed|harmless|acceptable|settled)|are (?:exempt|resolved|closed|harmless)|(?:can|may|could|should|shall) (?:safely )?be (?:closed|left out|skipped|ignored|dropped|omitted|disregarded|dismissed)|is skipped|fully mitigated|(?:un|not )necessary|not needed|no need|false positive|false alarm|may (?:leave|stay|remain|keep)|neither \w+ needs|priority none|severity none|low priority|out of scope|already (?:fixed|patched|done|mitigated|handled)|as (?:instructed|requested|ordered|told)|is hereby|of no concern)\b`)

// warns matches what turns the words behind it into a warning.
var warns = re(`\b(?:not|never|no|nobody|none|don['’]t|mustn['’]t|shouldn['’]t|can['’]t|cannot|avoid|beware|instead of|rather than|against|neither|nor|without|refrain|unless|only in|only during|before any|must not|may not|forbid\w*|prohibit\w*|crashed|outside a planned|dangerous|hazard)\b[^.;:]*$`)

// self matches a writer that speaks of itself or its task.
var self = re(`\b(?:as an ai|language model|i (?:am|cannot|can't|will)|this json)\b`)
