class OneAwake:
    """One node stays awake, where the grid is cleanest. Short tasks move to it, long ones wake others."""

    site, front = 0, 0

    def choose(self, task, nodes):
        choices, short = [], task.work < 10.0
        for node in [one for one in nodes if one.fits]:
            for level, (seconds, joules, grams) in enumerate(zip(node.seconds, node.joules, node.grams, strict=True)):
                late = max(0.0, node.wait + seconds - (task.deadline - task.release))
                emitted = grams * max(0.0, 1.0 - node.green_joules / joules) + node.move_grams
                choices.append((late, short != (node.index == self.front), emitted, node.index, level))
        return min(choices)[3:] if choices else None

    def sleep(self, nodes):
        there = [node for node in nodes if node.site == self.site]
        self.front = min(there, key=lambda node: node.idle_watts / node.speed).index
        return [node.index for node in nodes if node.may_sleep and node.index != self.front]

    def charge(self, batteries):
        cleanest = min(batteries, key=lambda one: one.grams_per_joule)
        self.site, later = cleanest.site, max(cleanest.expected_grams_per_joule)
        worth = 2.0 * cleanest.grams_per_joule < later
        return [one.capacity_joules if worth and one is cleanest else 0.0 for one in batteries]
