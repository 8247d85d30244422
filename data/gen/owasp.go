package main

import "strconv"

// owaspIoT are the items of the OWASP IoT Top 10 of 2018, in its order. That
// list calls them 1 to 10; people write I1 to I10.
var owaspIoT = [10]string{
	"Weak, Guessable, or Hardcoded Passwords",
	"Insecure Network Services",
	"Insecure Ecosystem Interfaces",
	"Lack of Secure Update Mechanism",
	"Use of Insecure or Outdated Components",
	"Insufficient Privacy Protection",
	"Insecure Data Transfer and Storage",
	"Lack of Device Management",
	"Insecure Default Settings",
	"Lack of Physical Hardening",
}

// owaspFacts needs no source but the table.
func owaspFacts() (file, error) {
	c := catalogue{
		Catalogue: "OWASP IoT Top 10",
		Version:   "2018",
		Source:    "OWASP Internet of Things Project, IoT Top 10 2018",
	}
	for i, name := range owaspIoT {
		c.Weaknesses = append(c.Weaknesses, weakness{ID: "OWASP-IOT-2018-I" + strconv.Itoa(i+1), Name: name})
	}
	content, err := c.encode()
	return file{name: "owasp/owasp-iot-2018.json", content: content}, err
}
