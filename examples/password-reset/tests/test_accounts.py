"""Registering, logging in and out, and sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from .helpers import PUBLIC_URL, ServiceTest

HOUR = 60 * 60


class RegisterTest(ServiceTest):
    def test_registered_account_can_log_in(self) -> None:
        address = self.new_address()
        credentials = {"email": address, "password": "12345678"}
        answer = self.service.post("/register", credentials)
        self.assertEqual((answer.status, answer.json), (201, {"email": address}))
        self.assertEqual(self.service.post("/login", credentials).status, 200)

    def test_welcome_mail(self) -> None:
        address = self.register()
        mail = self.service.mail_server.wait_for_mail(to=address)
        self.assertEqual(mail["From"], "accounts@example.test")
        self.assertEqual(mail["Subject"], "Welcome")
        self.assertIn(PUBLIC_URL, mail.get_content())

    def test_account_is_made_when_the_welcome_mail_fails(self) -> None:
        self.service.mail_server.failing = True
        self.addCleanup(setattr, self.service.mail_server, "failing", False)
        address = self.register()
        self.login(address)
        self.assertEqual(self.service.mail_server.mails(to=address), [])
        self.service.wait_for_log("welcome mail not sent: SMTPSenderRefused")

    def test_duplicate_address(self) -> None:
        address = self.register()
        for same in (address, address.upper()):
            answer = self.service.post("/register", {"email": same, "password": "12345678"})
            self.assertError(answer, 409)

    def test_only_one_of_simultaneous_registrations_succeeds(self) -> None:
        credentials = {"email": self.new_address(), "password": "12345678"}
        with ThreadPoolExecutor(5) as pool:
            answers = pool.map(lambda _: self.service.post("/register", credentials), range(5))
        self.assertEqual(sorted(a.status for a in answers), [201, 409, 409, 409, 409])

    def test_malformed_addresses(self) -> None:
        for address in (
            "", "ann", "ann@", "@example.test", "ann@example", "ann@example.test\n",
            "ann@example.test\r\nBcc: bob@example.test", "ann, bob@example.test",
            "Ann <ann@example.test>", "änn@example.test", "ann@-example.test",
            "a" * 250 + "@example.test",
        ):
            with self.subTest(address):
                answer = self.service.post("/register", {"email": address, "password": "12345678"})
                self.assertError(answer, 400)

    def test_malformed_fields(self) -> None:
        for document in (
            {"email": self.new_address()},
            {"password": "12345678"},
            {"email": self.new_address(), "password": 12345678},
            {"email": None, "password": "12345678"},
            {"email": self.new_address(), "password": "1234567"},
            {"email": self.new_address(), "password": "1234567\ud800"},
        ):
            with self.subTest(document):
                self.assertError(self.service.post("/register", document), 400)


class LoginTest(ServiceTest):
    def test_address_is_compared_without_regard_to_case(self) -> None:
        address = self.register()
        token = self.login(address.upper())
        self.assertEqual(self.service.get("/me", token).json, {"email": address})

    def test_wrong_password_and_unknown_address_look_the_same(self) -> None:
        wrong = {"email": self.register(), "password": "wrong password"}
        unknown = {"email": self.new_address(), "password": "wrong password"}
        answers = [self.service.post("/login", document) for document in (wrong, unknown)]
        for answer in answers:
            self.assertError(answer, 401)
        self.assertEqual(answers[0].text, answers[1].text)

    def test_empty_password_of_an_unknown_address(self) -> None:
        answer = self.service.post("/login", {"email": self.new_address(), "password": ""})
        self.assertError(answer, 401)

    def test_malformed_address(self) -> None:
        self.assertError(self.service.post("/login", {"email": "ann", "password": "x"}), 400)


class SessionTest(ServiceTest):
    def test_logout_ends_one_session_only(self) -> None:
        address = self.register()
        first, second = self.login(address), self.login(address)
        answer = self.service.post("/logout", token=first)
        self.assertEqual((answer.status, answer.text), (204, ""))
        self.assertError(self.service.get("/me", first), 401)
        self.assertError(self.service.post("/logout", token=first), 401)
        self.assertEqual(self.service.get("/me", second).status, 200)

    def test_session_ends_after_12_hours(self) -> None:
        token = self.login(self.register())
        self.set_clock(12 * HOUR - 60)
        self.assertEqual(self.service.get("/me", token).status, 200)
        self.set_clock(12 * HOUR)
        self.assertError(self.service.get("/me", token), 401)

    def test_missing_or_unknown_token(self) -> None:
        for headers in (
            {},
            {"Authorization": ""},
            {"Authorization": "Bearer"},
            {"Authorization": "Bearer unknown"},
            {"Authorization": "Basic " + self.login(self.register())},
        ):
            with self.subTest(headers):
                answer = self.service.request("GET", "/me", headers=headers)
                self.assertError(answer, 401)
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
