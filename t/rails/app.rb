# The stand-in's Rails application with other controllers: its routes, its
# settings, its record of requests. What an action finds is added to the
# record, which the tests read at GET /__requests and forget with DELETE.

require_relative "../procore/app"
require_relative "reading"

module Reporting
  module_function

  def build(dir)
    world = Procore::World.new(File.join(__dir__, "../procore/world.json"))
    ledger = Procore::Ledger.new

    Procore.settings(dir)
    Procore.connect(dir)
    Procore::Oauth.configure(world)
    Procore::Standin.initialize!
    load_controllers(ledger)
    routes = Procore::Standin.routes_for_api
    Procore::Standin.routes.draw { instance_exec(&routes) }

    Procore::Front.new(Procore::Standin, ledger, Procore::Control.new(ledger))
  end

  def load_controllers(ledger)
    require_relative "controllers"
    Procore::Api::Base.ledger = ledger
  end
end
